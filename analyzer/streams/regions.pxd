from libc.stdint cimport int64_t
from analyzer.flows.layout cimport Tables

@cython.locals(is_pac=bint, behind=int64_t)
cdef void note_region(Tables* tables, int64_t row, int64_t side_index, int64_t seq, int64_t size, int64_t there, int64_t state, int64_t n_messages) noexcept nogil
