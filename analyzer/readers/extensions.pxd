from libc.stdint cimport int64_t, uint8_t, uint16_t

cdef (int64_t, int64_t) find_extensions(const uint8_t* hello, int64_t at, int64_t end) noexcept nogil
@cython.locals(name_at=int64_t, name_size=int64_t)
cdef (int64_t, int64_t) server_name(const uint8_t* hello, int64_t at, int64_t end) noexcept nogil
@cython.locals(published=int64_t, highest=int64_t)
cdef (int64_t, int64_t) highest_versions(const uint8_t* hello, int64_t at, int64_t end) noexcept nogil
cdef bint ends_like_schannel(const uint16_t* extensions, int64_t n) noexcept nogil
