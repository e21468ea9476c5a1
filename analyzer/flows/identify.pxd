from libc.stdint cimport int64_t
from analyzer.flows.layout cimport Key
from analyzer.packets.layout cimport Packet

cdef void key_packets(const Packet* packets, Key* keys, int64_t n) noexcept nogil
