from libc.stdint cimport int64_t, uint8_t, uint64_t

cdef int64_t u16(const uint8_t* buf, int64_t at) noexcept nogil
cdef int64_t u24(const uint8_t* buf, int64_t at) noexcept nogil
cdef int64_t u32(const uint8_t* buf, int64_t at) noexcept nogil
cdef uint64_t u64(const uint8_t* buf, int64_t at) noexcept nogil
cdef int64_t u32_little(const uint8_t* buf, int64_t at) noexcept nogil
cdef int64_t u16_little(const uint8_t* buf, int64_t at) noexcept nogil
