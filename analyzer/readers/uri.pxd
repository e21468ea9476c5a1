from libc.stdint cimport int64_t, uint8_t

cdef bint ends_authority(int64_t c) noexcept nogil
cdef bint is_host(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(colons=int64_t, double=bint)
cdef bint is_v6(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(number=int64_t)
cdef int64_t port_of(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint is_registered_name(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) host_parts(const uint8_t* buf, int64_t at, int64_t end, bint strict) noexcept nogil
cdef (int64_t, int64_t, int64_t) authority_parts(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef int64_t scheme_end(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) tunnel_parts(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint is_shown(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint is_hex(int64_t c) noexcept nogil
cdef (int64_t, int64_t) reference_host(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(default=int64_t)
cdef (int64_t, int64_t, int64_t, int64_t, int64_t) absolute_parts(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
