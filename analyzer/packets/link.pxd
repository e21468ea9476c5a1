from libc.stdint cimport int64_t, uint8_t

cdef (int64_t, int64_t, int64_t) after_wlan(const uint8_t* buf, int64_t at, int64_t end, bint swapped) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_llc(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_ethernet(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_ppp(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_relay(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_mpls(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
