from libc.stdint cimport int64_t, uint8_t
from analyzer.packets.layout cimport Frame, Packet

cdef int64_t decode_frames(const uint8_t* buf, const Frame* frames, int64_t n_frames, Packet* packets) noexcept nogil
cdef bint is_plain(const uint8_t* buf, int64_t start, int64_t end) noexcept nogil
cdef int64_t decode_frame(const uint8_t* buf, int64_t start, int64_t end, int64_t wire_end, int64_t link_type, Packet* packet) noexcept nogil
cdef int64_t unopened(int64_t at, int64_t why, Packet* packet) noexcept nogil
cdef int64_t why_not(int64_t at) noexcept nogil
cdef (int64_t, int64_t, int64_t, int64_t, int64_t) after_ip(const uint8_t* buf, int64_t at, int64_t end, int64_t wire_end, Packet* packet) noexcept nogil
cdef int64_t read_tcp(const uint8_t* buf, int64_t at, int64_t end, int64_t declared, Packet* packet) noexcept nogil
cdef (int64_t, int64_t, int64_t, int64_t, int64_t) read_udp(const uint8_t* buf, int64_t at, int64_t end, int64_t declared, Packet* packet) noexcept nogil
