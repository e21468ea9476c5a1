from libc.stdint cimport int32_t, int64_t, uint8_t
from analyzer.flows.layout cimport Message, Record, Side, Tables

cdef void settle(Tables* tables, int64_t n_flows, const int32_t* flow_of, const int32_t* heads, int64_t* starts, int64_t* order, int64_t* clients, int64_t* first_ns, int64_t* packets, int64_t* chosen, int64_t* answers, uint8_t* asked, int64_t* amounts) noexcept nogil
@cython.locals(flow=int64_t)
cdef void group_messages(const Message* messages, int64_t n_messages, int64_t n_flows, const int32_t* flow_of, int64_t* starts, int64_t* order, int64_t* room) noexcept nogil
@cython.locals(m=int64_t, k=int64_t)
cdef void sort_by_stream(const Message* messages, const Side* sides, int64_t head, int64_t* order, int64_t start, int64_t end) noexcept nogil
cdef bint comes_before(const Message* message, const Message* other, const Side* side) noexcept nogil
@cython.locals(head=int64_t, kind=int64_t, asked=int64_t, answered=int64_t)
cdef void choose_client(Tables* tables, int64_t flow, const int32_t* heads, const int64_t* starts, int64_t* order, int64_t* clients) noexcept nogil
@cython.locals(kind=int64_t, inside=bint, has_proxy_agent=bint, to_proxy=bint)
cdef void choose_messages(Tables* tables, int64_t flow, const int64_t* starts, const int64_t* order, const int64_t* clients, int64_t* chosen, int64_t* answers, uint8_t* asked) noexcept nogil
cdef bint hello_follows(const Message* messages, const int64_t* order, int64_t at, int64_t end) noexcept nogil
cdef int64_t asking_side(const Message* messages, const int64_t* order, int64_t start, int64_t end, int64_t client) noexcept nogil
cdef bint refuted(const Side* side) noexcept nogil
cdef void pair_answers(const Message* messages, const int64_t* order, int64_t start, int64_t end, int64_t side, int64_t* answers) noexcept nogil
cdef int64_t next_message(const Message* messages, const int64_t* order, int64_t at, int64_t end, int64_t side) noexcept nogil
