from libc.stdint cimport int64_t, uint8_t

cdef (int64_t, int64_t, int64_t) begin(const uint8_t* buf, int64_t at, int64_t end, int64_t link_type) noexcept nogil
cdef (int64_t, int64_t, int64_t) begin_pseudo(const uint8_t* buf, int64_t at, int64_t end, int64_t link_type) noexcept nogil
cdef (int64_t, int64_t, int64_t) cooked(int64_t ethertype, int64_t at, int64_t device) noexcept nogil
