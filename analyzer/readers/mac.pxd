from libc.stdint cimport int64_t, uint8_t, uint32_t

cdef void take_key(uint32_t* states, uint8_t* text, int64_t key, int64_t size, int64_t block, uint32_t* state, uint32_t* w) noexcept nogil
@cython.locals(bits=int64_t, word=uint32_t)
cdef void finish(const uint32_t* states, uint8_t* text, int64_t block, int64_t size, uint32_t* state, uint32_t* w) noexcept nogil
