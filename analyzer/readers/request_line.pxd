from libc.stdint cimport int64_t, uint8_t

cdef int64_t line_end(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef int64_t method_end(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint is_version(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint is_bare_method(const uint8_t* buf, int64_t at, int64_t space) noexcept nogil
cdef bint is_another_protocol(const uint8_t* buf, int64_t at, int64_t stop) noexcept nogil
cdef int64_t target_without_version(const uint8_t* buf, int64_t at, int64_t space, int64_t first, int64_t stop) noexcept nogil
cdef (int64_t, int64_t, int64_t, int64_t, int64_t) request_line(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(is_whole=bint, is_target=bint)
cdef (int64_t, int64_t, int64_t) cut_line(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint is_of_another_protocol(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint begins_authority(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint starts_like_request(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
