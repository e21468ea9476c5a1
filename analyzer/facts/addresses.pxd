from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

@cython.locals(p=int64_t)
cdef int64_t write_addresses(const uint64_t* high, const uint64_t* low, const uint8_t* version, int64_t n, int32_t* offsets, uint8_t* out) noexcept nogil
@cython.locals(octet=int64_t)
cdef int64_t put_ipv4(uint8_t* text, int64_t n, uint64_t address) noexcept nogil
@cython.locals(begin=int64_t, longest=int64_t, run=int64_t, k=int64_t, group=int64_t)
cdef int64_t put_ipv6(uint8_t* text, int64_t n, uint64_t high, uint64_t low) noexcept nogil
cdef int64_t group_of(uint64_t high, uint64_t low, int64_t k) noexcept nogil
