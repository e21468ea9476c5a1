from libc.stdint cimport int64_t, uint64_t
from analyzer.flows.layout cimport Record
from analyzer.packets.layout cimport Packet

cdef uint64_t mix(uint64_t x) noexcept nogil
cdef int64_t sender_side(const Packet* packet) noexcept nogil
cdef uint64_t end_hash(uint64_t address_hi, uint64_t address_lo, uint64_t port) noexcept nogil
cdef uint64_t conversation_hash(const Packet* packet) noexcept nogil
cdef uint64_t record_hash(const Record* record) noexcept nogil
cdef bint same_ends(const Record* record, const Record* other) noexcept nogil
cdef bint same_conversation(const Record* record, const Packet* packet, int64_t side) noexcept nogil
