from libc.stdint cimport int32_t, int64_t, uint32_t
from analyzer.flows.layout cimport Hole, Side

cdef inline int64_t behind(int64_t seq, int64_t other) noexcept nogil:
    return <int32_t>(<uint32_t>seq - <uint32_t>other)

cdef inline int64_t before(int64_t seq, int64_t high) noexcept nogil:
    return <uint32_t>(<uint32_t>high - <uint32_t>seq)

cdef void cover(Hole* holes, int64_t* counts, Side* side, int64_t seq, int64_t size) noexcept nogil
@cython.locals(end=int64_t, low=int64_t)
cdef void cover_out_of_order(Hole* holes, int64_t* counts, Side* side, int64_t seq, int64_t size) noexcept nogil
@cython.locals(high=int64_t, at=int64_t, last=int64_t, lowest=int64_t, new=int64_t, n=int64_t)
cdef void add_hole(Hole* holes, int64_t* counts, Side* side, int64_t start, int64_t end) noexcept nogil
@cython.locals(oldest=int64_t)
cdef void forget_old(Hole* holes, int64_t* counts, Side* side, int64_t high) noexcept nogil
@cython.locals(high=int64_t, at=int64_t, last=int64_t, following=int64_t, from_=int64_t, to=int64_t, tail=int64_t)
cdef void fill(Hole* holes, int64_t* counts, Side* side, int64_t start, int64_t end) noexcept nogil
