from libc.stdint cimport int64_t, uint8_t

@cython.locals(i=int64_t, begin=int64_t, end=int64_t)
cdef void pick_fields(const uint8_t* table, int64_t row_size, const int64_t* rows, int64_t n, const int64_t* offsets, const int64_t* sizes, const int64_t* begins, int64_t n_fields, uint8_t* out) noexcept nogil
cdef void copy_field(const uint8_t* table, int64_t row_size, const int64_t* rows, int64_t begin, int64_t end, int64_t offset, int64_t size, uint8_t* out, int64_t at) noexcept nogil
