from libc.stdint cimport int64_t, uint64_t

@cython.locals(k=int64_t, low=int64_t, high=int64_t, middle=int64_t)
cdef void latest_answers(const uint64_t* keys, const int64_t* times, const int64_t* until, int64_t* longer, int64_t n_keys, const uint64_t* wanted, const int64_t* first_ns, int64_t n_wanted, int64_t* place) noexcept nogil
