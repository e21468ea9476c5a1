from libc.stdint cimport int64_t, uint64_t
from analyzer.flows.layout cimport Recent
from analyzer.packets.layout cimport Packet

@cython.locals(seq=uint64_t, size=uint64_t, window=uint64_t, ip_id=uint64_t, digest=uint64_t)
cdef uint64_t packet_digest(const Packet* packet, uint64_t conversation, uint64_t side) noexcept nogil
cdef int64_t digest_place(uint64_t digest) noexcept nogil
cdef bint is_digest(const Recent* before, uint64_t digest) noexcept nogil
cdef uint64_t with_ttl(uint64_t digest, uint64_t ttl) noexcept nogil
cdef bint seen_before(Recent* newer, Recent* older, const Packet* packet, uint64_t digest) noexcept nogil
cdef bint same_packet(int64_t ts_ns, int64_t ip_id, int64_t payload_bytes, int64_t flags, uint64_t ttl, const Recent* before) noexcept nogil
