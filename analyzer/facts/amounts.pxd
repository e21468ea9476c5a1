from libc.stdint cimport int32_t, int64_t, uint8_t
from analyzer.flows.layout cimport Hole, Message, Side, Tables

@cython.locals(flow=int64_t, server=int64_t, head=int64_t, client=int64_t, goes_on=bint, last=int64_t, begin=int64_t)
cdef void measure(Tables* tables, int64_t n_flows, const int32_t* flow_of, const int32_t* heads, const int64_t* starts, const int64_t* order, const int64_t* clients, const int64_t* answers, const uint8_t* asked, int64_t* amounts) noexcept nogil
@cython.locals(speaks_http=bint, begins=bint, chose=bint)
cdef int64_t first_kind(const Message* messages, const int64_t* order, int64_t start, int64_t end, int64_t client, const Side* out, const Side* back, int64_t first, int64_t else_) noexcept nogil
cdef int64_t stream_begin(const Side* side) noexcept nogil
@cython.locals(at=int64_t, high=int64_t, first=int64_t, known=bint, acked=int64_t, proved=int64_t, total=int64_t, start=int64_t, stop=int64_t)
cdef int64_t bytes_behind(const Hole* holes, const Side* side, const Side* other, int64_t begin) noexcept nogil
@cython.locals(at=int64_t)
cdef int64_t first_payload(const Hole* holes, const Side* side) noexcept nogil
