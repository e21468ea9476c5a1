from libc.stdint cimport int64_t, uint8_t

cdef (int64_t, int64_t, int64_t) after_pflog(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(kind=int64_t, p=int64_t, more=int64_t)
cdef (int64_t, int64_t, int64_t) after_erf(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_pktap(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint is_pktap(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_ax25(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_arcnet(const uint8_t* buf, int64_t at, int64_t end, bint is_bsd) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_sun_atm(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(name=int64_t, kind=int64_t, size=int64_t)
cdef (int64_t, int64_t, int64_t) after_exported(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_symantec(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(size=int64_t, present=int64_t, more=int64_t, p=int64_t, stop=int64_t)
cdef (int64_t, int64_t, int64_t) after_radiotap(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_ppi(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_nflog(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_ipoib(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_prism(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) after_juniper(const uint8_t* buf, int64_t at, int64_t end, int64_t link_type) noexcept nogil
cdef (int64_t, int64_t, int64_t) juniper_payload(int64_t kind, int64_t at) noexcept nogil
