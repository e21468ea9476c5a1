from libc.stdint cimport int64_t
from analyzer.flows.layout cimport Side, Tables

@cython.locals(there=int64_t)
cdef bint may_be_complete(Tables* tables, Side* side) noexcept nogil
@cython.locals(n=int64_t, at=int64_t)
cdef int64_t contiguous_bytes(const Tables* tables, const Side* side) noexcept nogil
@cython.locals(n=int64_t, first=int64_t, before=int64_t, last=int64_t, at=int64_t, c=int64_t)
cdef bint has_line(const Tables* tables, const Side* side, bint blank) noexcept nogil
@cython.locals(n=int64_t, at=int64_t)
cdef int64_t byte_at(const Tables* tables, const Side* side, int64_t offset) noexcept nogil
@cython.locals(header=int64_t, size=int64_t, is_handshake=bint)
cdef bint records_are_there(const Tables* tables, Side* side, int64_t there) noexcept nogil
