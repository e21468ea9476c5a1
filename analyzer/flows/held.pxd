from libc.stdint cimport int64_t, uint8_t, uint64_t
from analyzer.flows.layout cimport Cursor, Side, Tables
from analyzer.packets.layout cimport Packet

cdef int64_t payload_seq(const Packet* packet) noexcept nogil
cdef void prepare_packet(Tables* tables, int64_t row, int64_t side_index, const Packet* packet, uint64_t digest, int64_t source, int64_t number) noexcept nogil
cdef bint may_continue(Tables* tables, int64_t row, int64_t side_index, const Packet* packet) noexcept nogil
@cython.locals(start=int64_t)
cdef void hold(Tables* tables, const uint8_t* buf, const Cursor* cursor, int64_t size) noexcept nogil
@cython.locals(begun=bint)
cdef bint is_fresh(const Side* side) noexcept nogil
