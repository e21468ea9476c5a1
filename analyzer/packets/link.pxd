from libc.stdint cimport int64_t, uint8_t

@cython.locals(control=int64_t, flags=int64_t, p=int64_t, q=int64_t, joined=bint, in_mesh=bint)
cdef (int64_t, int64_t, int64_t) after_wlan(const uint8_t* buf, int64_t at, int64_t end, bint swapped, bint padded) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_subframe(const uint8_t* buf, int64_t at, int64_t end, int64_t flags) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_llc(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_ethernet(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_ppp(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_relay(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_mpls(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
