from libc.stdint cimport int64_t, uint8_t

cdef (int64_t, int64_t, int64_t, int64_t, int64_t) after_udp_tunnel(const uint8_t* buf, int64_t at, int64_t end, int64_t src_port, int64_t dst_port) noexcept nogil
cdef bint answers_like_geneve(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint is_relayed(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t, int64_t, int64_t) after_*(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
