from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Side, Tables
from analyzer.packets.layout cimport Packet

ctypedef const uint8_t* Bytes

cdef int64_t read_offers(const uint8_t* buf, const Packet* packets, const int64_t* offers, int64_t first, int64_t n, Tables* tables) noexcept nogil
cdef bint has_room(const Tables* tables) noexcept nogil
@cython.locals(source=Bytes, size=int64_t, ahead=int64_t, gap=int64_t, fresh=bint, waited=bint, final=bint, forced=bint)
cdef void take(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
cdef bint is_early_answer(const Side* side, const Side* other, const uint8_t* buf, const Cursor* cursor) noexcept nogil
cdef bint is_late_beginning(const Side* side, const uint8_t* buf, const Cursor* cursor) noexcept nogil
