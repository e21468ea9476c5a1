from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

@cython.locals(added=int64_t, bits=int64_t)
cdef void fill_reduced(uint32_t* words) noexcept nogil
@cython.locals(high=uint64_t, low=uint64_t, odd=uint64_t, bit=int64_t)
cdef void fill_multiples(uint32_t* words, uint64_t* multiples) noexcept nogil
@cython.locals(a=uint64_t, b=uint64_t, part=uint64_t, rest=int64_t, i=int64_t)
cdef (uint64_t, uint64_t) times_key(const uint32_t* words, const uint64_t* multiples, uint64_t high, uint64_t low) noexcept nogil
cdef (uint64_t, uint64_t) hashed(const uint32_t* words, const uint64_t* multiples, const uint8_t* data, int64_t at, int64_t size, uint64_t high, uint64_t low) noexcept nogil
cdef void counted_block(uint32_t* words, int64_t counter) noexcept nogil
@cython.locals(high=uint64_t, low=uint64_t, counter=int64_t, word=uint32_t, place=int64_t, whole=int64_t)
cdef bint open_sealed(uint32_t* words, uint64_t* multiples, const uint8_t* header, int64_t header_at, int64_t header_size, const uint8_t* data, int64_t at, int64_t end, uint8_t* out, int64_t out_at) noexcept nogil
