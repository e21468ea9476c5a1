from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Tables

@cython.locals(binary=bint, size=int64_t)
cdef int64_t read_proxy_header(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
