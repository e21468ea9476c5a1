from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Tables

cdef int64_t read_*(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
