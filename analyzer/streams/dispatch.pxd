from libc.stdint cimport int64_t, uint8_t, uint64_t
from analyzer.flows.layout cimport Side, Tables
from analyzer.packets.layout cimport Packet

ctypedef const uint8_t* Bytes

@cython.locals(row=int64_t, side_index=int64_t, final=bint, held=bint)
cdef int64_t read_offers(const uint8_t* buf, const Packet* packets, const int64_t* offers, int64_t first, int64_t n, Tables* tables) noexcept nogil
cdef bint has_room(const Tables* tables) noexcept nogil
@cython.locals(source=Bytes, size=int64_t, ahead=int64_t, gap=int64_t, fresh=bint, waited=bint, forced=bint, reached=int64_t)
cdef void take(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side_index, int64_t seq, int64_t ts_ns, int64_t ack, bint final) noexcept nogil
cdef bint is_early_answer(const Side* side, const Side* other, const uint8_t* buf, int64_t at, int64_t end, int64_t seq) noexcept nogil
cdef bint head_begins(Tables* tables, int64_t row, int64_t side_index, const uint8_t* buf, int64_t at, int64_t end, int64_t seq) noexcept nogil
@cython.locals(state=int64_t, p=int64_t, n_messages=int64_t)
cdef int64_t read_stream(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side_index, int64_t ts_ns, int64_t ack, bint waited, bint final) noexcept nogil
@cython.locals(state=int64_t, p=int64_t, asked=bint, answered=bint)
cdef int64_t read_one(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side_index, int64_t seq, int64_t ts_ns, int64_t ack, bint final) noexcept nogil
@cython.locals(c=int64_t, p=int64_t, body=int64_t, status=int64_t, kind=int64_t, is_head=bint, bit=uint64_t)
cdef int64_t read_head(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side_index, Side* side, Side* other, int64_t seq, int64_t ts_ns, int64_t ack, bint final) noexcept nogil
@cython.locals(p=int64_t, version=int64_t)
cdef int64_t read_handshake(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side_index, Side* side, int64_t seq, int64_t ts_ns, int64_t ack, bint final) noexcept nogil
@cython.locals(known=bint, bit=uint64_t)
cdef int64_t after_answer(Side* side, const Side* other, int64_t p, int64_t body, int64_t status) noexcept nogil
