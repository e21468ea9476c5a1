from libc.stdint cimport int64_t, uint64_t
from analyzer.flows.layout cimport Cursor, Side

cdef void move_on(Side* side, Side* other, int64_t found) noexcept nogil
@cython.locals(found=int64_t, body=int64_t, known=bint, bit=uint64_t)
cdef int64_t move_on_behind_head(Side* side, Side* other, const Cursor* cursor, int64_t p) noexcept nogil
