from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Side, Tables

cdef bint opened_by(Tables* tables, int64_t row, int64_t side_index, const Side* other) noexcept nogil
@cython.locals(began=bint, received=bint)
cdef bint may_ask_socks(Tables* tables, int64_t row, int64_t side_index, const Side* other, int64_t ack) noexcept nogil
cdef int64_t read_greeting(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, bint) read_socks5_request(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side, int64_t seq, int64_t ts_ns, int64_t ack) noexcept nogil
cdef int64_t after_token(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(host_at=int64_t, size=int64_t, shape=int64_t)
cdef (int64_t, int64_t, int64_t, int64_t) socks5_address(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, bint) read_socks5_answer(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side, int64_t seq, int64_t ts_ns, int64_t ack) noexcept nogil
cdef int64_t text_end(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(by_name=bint)
cdef int64_t read_socks4_request(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side, int64_t seq, int64_t ts_ns, int64_t ack) noexcept nogil
cdef int64_t read_socks4_answer(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side, int64_t seq, int64_t ts_ns, int64_t ack) noexcept nogil
cdef int64_t read_socks_start(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side_index, Side* side, Side* other, int64_t seq, int64_t ts_ns, int64_t ack) noexcept nogil
