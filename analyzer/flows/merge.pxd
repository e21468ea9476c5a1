from libc.stdint cimport int32_t, int64_t
from analyzer.flows.layout cimport Record, Side, Tables

@cython.locals(slot=int64_t, newest=int64_t, mask=int64_t)
cdef void link_records(Tables* tables, int32_t* slots, int64_t n_slots, int64_t n_left, int64_t* into) noexcept nogil
cdef bint is_rest(const Record* record, const Record* later) noexcept nogil
@cython.locals(unread=bint, waits=bint, before=int64_t, before_a=int64_t, before_b=int64_t, marks=int64_t)
cdef void join_counts(Tables* tables, const int64_t* rows, int64_t n, const int64_t* into) noexcept nogil
@cython.locals(held=bint)
cdef void join_reading(Tables* tables, const int64_t* rows, const int64_t* targets, int64_t n, const Side* own, int64_t* fates, int64_t most_datagrams) noexcept nogil
cdef void take_over(Side* side, const Side* later) noexcept nogil
cdef void reset_sides(Tables* tables, const int64_t* pairs, int64_t n) noexcept nogil
