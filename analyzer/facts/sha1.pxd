from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

@cython.locals(word=uint32_t, a=uint32_t, b=uint32_t, c=uint32_t, d=uint32_t, e=uint32_t, pair=uint64_t)
cdef void base64_digests(const uint8_t* texts, int64_t n_texts, int64_t size, uint8_t* out, int64_t width, int64_t at, uint32_t* w) noexcept nogil
