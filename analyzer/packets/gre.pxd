from libc.stdint cimport int64_t, uint8_t

cdef (int64_t, int64_t, int64_t, int64_t, int64_t) after_gre(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t, int64_t, int64_t) after_erspan(const uint8_t* buf, int64_t p, int64_t end, int64_t carried, int64_t sequenced) noexcept nogil
cdef (int64_t, int64_t, int64_t, int64_t, int64_t) after_wccp(const uint8_t* buf, int64_t p, int64_t end) noexcept nogil
