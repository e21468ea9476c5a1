from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Tables

@cython.locals(at=int64_t, used=int64_t)
cdef void pack_arena(Tables* tables, const uint8_t* before) noexcept nogil
