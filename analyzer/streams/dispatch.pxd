from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Side, Tables

@cython.locals(state=int64_t, p=int64_t, n_messages=int64_t, rest=int64_t)
cdef void read_stream(Tables* tables, const uint8_t* buf, Cursor* cursor, bint waited) noexcept nogil
cdef bint head_begins(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
cdef int64_t read_*(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
