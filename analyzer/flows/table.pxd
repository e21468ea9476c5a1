from libc.stdint cimport int64_t, uint8_t, uint64_t
from analyzer.flows.layout cimport Key, Record, Side, Tables
from analyzer.packets.layout cimport Frame, Packet

@cython.locals(conversation=uint64_t, digest=uint64_t, side_index=int64_t, slot=int64_t, row=int64_t, mask=int64_t, place=int64_t, opening=bint, no_room=bint, continued=bint, source=int64_t, number=int64_t, n_records=int64_t, n_sightings=int64_t, n_offers=int64_t, i=int64_t)
cdef (int64_t, int64_t) count_packets(const Frame* frames, const Packet* packets, const Key* keys, int64_t first, int64_t n, Tables* tables, int64_t* offers) noexcept nogil
@cython.locals(slot=int64_t, mask=int64_t)
cdef void place_records(Tables* tables, int64_t first) noexcept nogil
@cython.locals(slot=int64_t, slots_mask=int64_t, row=int64_t, place=int64_t, n_found=int64_t)
cdef int64_t find_returning(Tables* tables, const Packet* packets, const Key* keys, int64_t n, const uint8_t* bits, int64_t mask, int64_t* rows) noexcept nogil
cdef void hash_records(const Record* records, int64_t n, uint64_t* hashes) noexcept nogil
cdef void begin_record(Record* record, Side* side_a, Side* side_b, const Packet* packet, int64_t side_index, int64_t previous) noexcept nogil
cdef void clear_side(Side* side) noexcept nogil
@cython.locals(earliest=bint)
cdef void note_time(Record* record, const Packet* packet, int64_t source, int64_t number) noexcept nogil
@cython.locals(earliest=bint, size=int64_t, bytes_a=int64_t, bytes_b=int64_t)
cdef void note_odd_time(Tables* tables, int64_t row, int64_t side_index, const Packet* packet, int64_t source, int64_t number) noexcept nogil
cdef void note_first(Record* record, const Packet* packet, int64_t source, int64_t number) noexcept nogil
cdef void note_label(Record* record, const Packet* packet, bint earliest) noexcept nogil
cdef void note_end(Record* record, const Packet* packet, int64_t side_index) noexcept nogil
cdef bint count_packet(Side* side, const Packet* packet) noexcept nogil
