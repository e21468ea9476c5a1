from libc.stdint cimport int64_t, uint8_t
from analyzer.packets.layout cimport Packet

cdef (int64_t, int64_t, int64_t, int64_t) read_ipv4(const uint8_t* buf, int64_t at, int64_t end, int64_t wire_end, Packet* packet) noexcept nogil
cdef (int64_t, int64_t, int64_t, int64_t) after_ah(const uint8_t* buf, int64_t at, int64_t end, int64_t declared) noexcept nogil
cdef (int64_t, int64_t, int64_t, int64_t) read_ipv6(const uint8_t* buf, int64_t at, int64_t end, int64_t wire_end, Packet* packet) noexcept nogil
cdef bint quoted_flow(const uint8_t* buf, int64_t at, int64_t end, int64_t icmp_protocol, Packet* packet) noexcept nogil
