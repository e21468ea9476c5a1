from libc.stdint cimport int32_t, int64_t, uint8_t
from analyzer.flows.layout cimport Pause, Record, Tables

@cython.locals(newer=int64_t, at=int64_t, low=int64_t, high=int64_t)
cdef void add_stretch(Tables* tables, int64_t row, int64_t start, int64_t end, int64_t bytes_a, int64_t bytes_b, int64_t total_a, int64_t total_b) noexcept nogil
cdef void link(Pause* pauses, Record* record, int64_t newer, int64_t at) noexcept nogil
cdef int64_t new_pause(Tables* tables, int64_t end_ns, int64_t start_ns, int64_t bytes_a, int64_t bytes_b, int64_t older) noexcept nogil
@cython.locals(n=int64_t, at=int64_t)
cdef int64_t count_pauses(const Pause* pauses, const Record* record) noexcept nogil
@cython.locals(oldest=int64_t, at=int64_t, following=int64_t, total_a=int64_t, total_b=int64_t, start=int64_t, before_a=int64_t, before_b=int64_t, end=int64_t, until_a=int64_t, until_b=int64_t)
cdef void join_stretches(Tables* tables, int64_t into, int64_t row) noexcept nogil
@cython.locals(total_a=int64_t, total_b=int64_t, bytes_a=int64_t, bytes_b=int64_t)
cdef void set_stretches(Tables* tables, int64_t row, const int64_t* times, const int32_t* sizes, const uint8_t* ways, int64_t n) noexcept nogil
