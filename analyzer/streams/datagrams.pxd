from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Tables
from analyzer.packets.layout cimport Packet

cdef bint is_quic_initial(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef void keep_datagram(Tables* tables, const uint8_t* buf, Cursor* cursor, const Packet* packet) noexcept nogil
