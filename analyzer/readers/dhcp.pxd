from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Tables

cdef bint is_dhcp_port(int64_t port) noexcept nogil
@cython.locals(kind=int64_t, wanted=bint, given=bint, url_at=int64_t, url_end=int64_t)
cdef bint keep_dhcp(Tables* tables, const uint8_t* buf, const Cursor* cursor) noexcept nogil
