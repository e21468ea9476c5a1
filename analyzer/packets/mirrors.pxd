from libc.stdint cimport int64_t, uint8_t

cdef (int64_t, int64_t, int64_t, int64_t, int64_t) after_tzsp(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t, int64_t, int64_t) after_jmirror(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t, int64_t, int64_t) after_hp_erm(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t, int64_t, int64_t) after_capwap(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
