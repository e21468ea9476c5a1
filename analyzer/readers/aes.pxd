from libc.stdint cimport int64_t, uint8_t, uint32_t

@cython.locals(p=int64_t, q=int64_t, x=int64_t, s=uint32_t, twice=uint32_t, step=uint32_t)
cdef void fill_steps(uint32_t* words) noexcept nogil
@cython.locals(last=uint32_t, turned=uint32_t, constant=uint32_t)
cdef void expand_key(uint32_t* words, int64_t key, const uint8_t* data, int64_t at) noexcept nogil
@cython.locals(a=uint32_t, b=uint32_t, c=uint32_t, d=uint32_t, e=uint32_t, f=uint32_t, g=uint32_t, h=uint32_t)
cdef void encrypt(uint32_t* words, int64_t key) noexcept nogil
@cython.locals(high=uint32_t)
cdef uint32_t last_step(const uint32_t* words, uint32_t a, uint32_t b, uint32_t c, uint32_t d) noexcept nogil
