from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef inline int64_t as_i64(uint64_t x) noexcept nogil:
    return <int64_t>x

cdef inline int64_t as_u32(int64_t x) noexcept nogil:
    return <uint32_t>x

cdef inline uint64_t as_u64(uint64_t x) noexcept nogil:
    return x
