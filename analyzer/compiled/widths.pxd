from libc.stdint cimport int64_t, uint64_t

cdef inline int64_t as_i64(uint64_t x) noexcept nogil:
    return <int64_t>x
