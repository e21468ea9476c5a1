from libc.stdint cimport int64_t, uint8_t

cdef int64_t proxy_header_size(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(binary=bint)
cdef int64_t read_proxy_header(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
