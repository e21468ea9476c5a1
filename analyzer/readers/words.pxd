from libc.stdint cimport int64_t, uint8_t
from libc.string cimport strlen

cdef bint same_word(const uint8_t* buf, int64_t at, int64_t end, const uint8_t* word) noexcept nogil
cdef bint begins_with(const uint8_t* buf, int64_t at, int64_t end, const uint8_t* word) noexcept nogil
cdef bint begins_like(const uint8_t* buf, int64_t at, int64_t end, const uint8_t* word) noexcept nogil
cdef inline int64_t letters(const uint8_t* word) noexcept nogil:
    return strlen(<const char*>word)
