from libc.stdint cimport int32_t, int64_t
from analyzer.flows.layout cimport Hole, Record, Side, Tables

@cython.locals(slot=int64_t, flow=int64_t, head=int64_t, n_flows=int64_t, mask=int64_t)
cdef int64_t fold_records(Tables* tables, int32_t* slots, int64_t n_slots, int32_t* flow_of, int32_t* heads) noexcept nogil
cdef bint continues_flow(const Side* side_a, const Side* side_b, const Record* record) noexcept nogil
@cython.locals(earlier=bint)
cdef void join_records(Tables* tables, int64_t head, int64_t row) noexcept nogil
cdef void join_both_sides(Tables* tables, int64_t into, int64_t row) noexcept nogil
cdef void join_sides(Hole* holes, int64_t* counts, Side* into, Side* side) noexcept nogil
@cython.locals(outside=int64_t, hole=int64_t, at=int64_t)
cdef void join_coverage(Hole* holes, int64_t* counts, Side* into, const Side* side) noexcept nogil
@cython.locals(piece=int64_t)
cdef void cover_stretch(Hole* holes, int64_t* counts, Side* into, int64_t at, int64_t size) noexcept nogil
