from libc.stdint cimport int64_t
from analyzer.flows.layout cimport First, Recent, Tables

cdef void subtract_copies(Tables* tables, const Recent* recent, First* firsts, int64_t n) noexcept nogil
cdef bint was_seen(const First* first, const Recent* before) noexcept nogil
