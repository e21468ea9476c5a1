from libc.stdint cimport int64_t, uint8_t

cdef (int64_t, int64_t, int64_t, int64_t, int64_t) after_*(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
