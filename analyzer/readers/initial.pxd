from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

cdef struct Room:
    uint32_t* words
    uint64_t* multiples
    uint32_t* states
    uint32_t* salts
    uint32_t* state
    uint32_t* w
    uint8_t* text
    uint8_t* frames
    int64_t* pieces
    uint8_t* hello

cdef void fill_room(Room* room) noexcept nogil
@cython.locals(draft=int64_t)
cdef int64_t salt_of(int64_t version) noexcept nogil
cdef void derive(Room* room, const uint8_t* info, int64_t size) noexcept nogil
cdef void take_secret(Room* room, int64_t size) noexcept nogil
@cython.locals(salt=int64_t, second=bint)
cdef void take_keys(Room* room, const uint8_t* data, int64_t id_at, int64_t id_size, int64_t version) noexcept nogil
@cython.locals(size=int64_t, value=int64_t)
cdef (int64_t, int64_t) varint(const uint8_t* data, int64_t at, int64_t end) noexcept nogil
@cython.locals(mask=int64_t, more=int64_t, first=int64_t, size=int64_t, header_size=int64_t, number=int64_t, part=int64_t, opened=bint)
cdef int64_t open_packet(Room* room, const uint8_t* data, int64_t at, int64_t number_at, int64_t end, int64_t used) noexcept nogil
@cython.locals(_skipped=int64_t, ranges=int64_t, left=int64_t)
cdef int64_t behind_ack(const uint8_t* frames, int64_t at, int64_t end, int64_t kind) noexcept nogil
@cython.locals(kind=int64_t, offset=int64_t, size=int64_t, _skipped=int64_t)
cdef int64_t take_pieces(Room* room, int64_t at, int64_t end, int64_t n_pieces) noexcept nogil
@cython.locals(place=int64_t)
cdef void insert(int64_t* pieces, int64_t n, int64_t offset, int64_t at, int64_t size) noexcept nogil
@cython.locals(whole=int64_t, offset=int64_t, at=int64_t, size=int64_t, known=int64_t)
cdef int64_t first_message(Room* room, int64_t n_pieces) noexcept nogil
@cython.locals(own=int64_t, kind=int64_t, is_initial=bint, is_retry=bint, own_id=int64_t, id_end=int64_t, behind=int64_t, token=int64_t, size=int64_t, number_at=int64_t, packet_end=int64_t, opened=int64_t, hello=int64_t)
cdef (int64_t, int64_t, int64_t, int64_t, int64_t, int64_t) read_initials_of(Room* room, const uint8_t* data, int64_t at, int64_t end, int64_t version, int64_t id_at, int64_t n_packets, int64_t used, int64_t n_pieces) noexcept nogil
@cython.locals(i=int64_t, size=int64_t)
cdef bint same_id(const uint8_t* data, int64_t one, int64_t other) noexcept nogil
