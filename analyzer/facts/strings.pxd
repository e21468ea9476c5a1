from libc.stdint cimport int32_t, int64_t, uint8_t

@cython.locals(total=int64_t, there=int64_t)
cdef (int64_t, int64_t) measure_texts(const int32_t* size, int64_t n, int64_t least, uint8_t* bits) noexcept nogil
@cython.locals(total=int64_t, there=int64_t)
cdef (int64_t, int64_t) measure_words(const int32_t* codes, int64_t n, const int32_t* sizes, uint8_t* bits) noexcept nogil
@cython.locals(p=int64_t)
cdef void spell_words(const int32_t* codes, int64_t n, const int64_t* begins, const int32_t* sizes, const uint8_t* letters, int32_t* offsets, uint8_t* out) noexcept nogil
@cython.locals(p=int64_t, start=int64_t, n=int64_t)
cdef bint gather_texts(const uint8_t* pool, const int64_t* at, const int32_t* size, int64_t n_texts, int64_t form, int32_t* offsets, uint8_t* out) noexcept nogil
cdef void write_hex(const uint8_t* pool, int64_t start, int64_t size, uint8_t* out, int64_t at) noexcept nogil
@cython.locals(c=uint8_t)
cdef void lower(uint8_t* text, int64_t size) noexcept nogil
@cython.locals(bits=uint8_t)
cdef bint is_ascii(const uint8_t* text, int64_t size) noexcept nogil
