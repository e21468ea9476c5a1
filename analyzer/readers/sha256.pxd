from libc.stdint cimport int64_t, uint8_t, uint32_t

cdef uint32_t rotate(uint32_t x, int64_t n) noexcept nogil
@cython.locals(a=uint32_t, b=uint32_t, c=uint32_t, d=uint32_t, e=uint32_t, f=uint32_t, g=uint32_t, h=uint32_t, x=uint32_t, y=uint32_t, s0=uint32_t, s1=uint32_t, t1=uint32_t, t2=uint32_t)
cdef void compress(uint32_t* state, const uint8_t* text, int64_t block, uint32_t* w) noexcept nogil
cdef void hex_digest(uint8_t* text, int64_t size, int64_t digits, uint8_t* out, int64_t at, uint32_t* state, uint32_t* w) noexcept nogil
