from libc.stdint cimport int64_t, uint8_t, uint64_t
from analyzer.flows.layout cimport Side, Tables
from analyzer.packets.layout cimport Packet

cdef int64_t payload_seq(const Packet* packet) noexcept nogil
cdef void meet(Tables* tables, int64_t row, int64_t side_index, const Packet* packet, uint64_t digest, int64_t source, int64_t number) noexcept nogil
cdef bint may_continue(Tables* tables, int64_t row, int64_t side_index, const Packet* packet) noexcept nogil
@cython.locals(start=int64_t)
cdef void hold(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side_index, int64_t seq, int64_t ts_ns, int64_t ack) noexcept nogil
@cython.locals(begun=bint)
cdef bint is_fresh(const Side* side) noexcept nogil
