from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from analyzer.flows.layout cimport Record

@cython.locals(size=int64_t)
cdef void write_community_ids(const Record* records, const int32_t* rows, int64_t n, uint8_t* out, uint8_t* text, uint32_t* state, uint32_t* w) noexcept nogil
cdef bint a_comes_first(const Record* record) noexcept nogil
cdef void put_u16(uint8_t* text, int64_t at, int64_t value) noexcept nogil
cdef void put_end(uint8_t* text, int64_t at, int64_t size, uint64_t high, uint64_t low) noexcept nogil
