from libc.stdint cimport int64_t, uint8_t
from analyzer.packets.layout cimport Packet

cdef void wrap(Packet* packet, int64_t kind, int64_t identity) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_tag(const uint8_t* buf, int64_t at, int64_t end, int64_t ethertype, Packet* packet) noexcept nogil
@cython.locals(kind=int64_t, size=int64_t)
cdef (int64_t, int64_t, int64_t) after_batman(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_macsec(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_arista(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_nsh(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
