from libc.stdint cimport int64_t, uint8_t

cdef bint is_ip(const uint8_t* buf, int64_t at, int64_t end, bint whole) noexcept nogil
cdef bint is_ethernet(const uint8_t* buf, int64_t at, int64_t end, bint whole) noexcept nogil
cdef bint is_ppp(const uint8_t* buf, int64_t at, int64_t end, bint whole) noexcept nogil
cdef (int64_t, int64_t, int64_t) guessed(const uint8_t* buf, int64_t at, int64_t end, int64_t lengths) noexcept nogil
