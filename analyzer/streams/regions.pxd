from libc.stdint cimport int64_t
from analyzer.flows.layout cimport Cursor, Tables

@cython.locals(is_pac=bint, behind=int64_t)
cdef void note_region(Tables* tables, const Cursor* cursor, int64_t size, int64_t state, int64_t n_messages) noexcept nogil
