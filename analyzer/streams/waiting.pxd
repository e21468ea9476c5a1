from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Side, Tables

@cython.locals(at=int64_t, seq=int64_t, size=int64_t, before=int64_t, following=int64_t, new=int64_t)
cdef void wait(Tables* tables, Side* side, const uint8_t* buf, const Cursor* cursor) noexcept nogil
cdef void drop_first(Tables* tables, Side* side) noexcept nogil
cdef void drop_before(Tables* tables, Side* side, int64_t seq) noexcept nogil
cdef void drop_all(Tables* tables, Side* side) noexcept nogil
@cython.locals(n=int64_t, at=int64_t, skip=int64_t, size=int64_t)
cdef int64_t gather(Tables* tables, const Side* side, int64_t seq) noexcept nogil
cdef (int64_t, int64_t) arrival(Tables* tables, const Side* side) noexcept nogil
cdef int64_t rest_of_segment(Tables* tables, const Side* side) noexcept nogil
cdef bint kept_unread(Tables* tables, const uint8_t* buf, const Cursor* cursor) noexcept nogil
