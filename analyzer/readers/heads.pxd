from libc.stdint cimport int64_t, uint8_t

cdef bint starts_like_head(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
