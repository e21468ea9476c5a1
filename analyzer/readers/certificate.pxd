from libc.stdint cimport int64_t, uint8_t

@cython.locals(size=int64_t, digits=int64_t)
cdef (int64_t, int64_t) der_body(const uint8_t* buf, int64_t at, int64_t end, int64_t tag) noexcept nogil
cdef int64_t after_optional(const uint8_t* buf, int64_t at, int64_t end, int64_t tag) noexcept nogil
cdef (int64_t, int64_t, int64_t, int64_t) certificate_names(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t, int64_t) alternative_name(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(host_at=int64_t, host_end=int64_t, n=int64_t)
cdef (int64_t, int64_t, int64_t) first_host(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef (int64_t, int64_t) common_name(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint is_host_text(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint has_dot(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
