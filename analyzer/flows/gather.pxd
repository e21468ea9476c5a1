from libc.stdint cimport int64_t, uint8_t

@cython.locals(used=int64_t)
cdef void copy_pieces(const uint8_t* data, const int64_t* at, const int64_t* sizes, int64_t n, uint8_t* together) noexcept nogil
