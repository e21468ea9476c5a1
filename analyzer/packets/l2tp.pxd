from libc.stdint cimport int64_t, uint8_t

cdef (int64_t, int64_t, int64_t, int64_t, int64_t) after_l2tp(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t, int64_t, int64_t) after_session(const uint8_t* buf, int64_t at, int64_t end, int64_t why) noexcept nogil
