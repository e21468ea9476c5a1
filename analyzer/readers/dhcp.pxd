from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Tables

cdef bint is_dhcp_port(int64_t port) noexcept nogil
@cython.locals(kind=int64_t, wanted=bint, given=bint, url_at=int64_t, url_end=int64_t)
cdef bint read_dhcp(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side, int64_t ts_ns) noexcept nogil
