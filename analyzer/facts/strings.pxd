from libc.stdint cimport int64_t, uint8_t

@cython.locals(bits=int64_t, p=int64_t)
cdef bint gather_texts(const uint8_t* pool, const int64_t* at, const int64_t* size, int64_t n_texts, int64_t form, int64_t* offsets, uint8_t* out) noexcept nogil
