from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Side

cdef int64_t needed_end(Side* side, const uint8_t* buf, const Cursor* cursor) noexcept nogil
@cython.locals(at=int64_t, end=int64_t, seq=int64_t)
cdef void look_for_records(Side* side, const uint8_t* buf, const Cursor* cursor) noexcept nogil
cdef bint starts_like_record(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
