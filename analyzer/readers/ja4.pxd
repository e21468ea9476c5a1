from libc.stdint cimport int64_t, uint8_t, uint16_t
from analyzer.flows.layout cimport Tables

cdef bint is_grease(int64_t value) noexcept nogil
cdef int64_t put_hex(uint8_t* out, int64_t at, int64_t value, int64_t digits) noexcept nogil
cdef int64_t put_list(uint8_t* text, int64_t at, const uint16_t* values, int64_t first, int64_t end) noexcept nogil
cdef void sort_in_place(uint16_t* values, int64_t n) noexcept nogil
cdef bint is_alphanumeric(int64_t c) noexcept nogil
cdef (int64_t, int64_t) version_digits(int64_t version) noexcept nogil
@cython.locals(kept=int64_t)
cdef void write_ja4(Tables* tables, const uint8_t* buf, int64_t at) noexcept nogil
@cython.locals(first=int64_t, last=int64_t)
cdef (int64_t, int64_t) alpn_characters(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(same=bint)
cdef void digest_lists(Tables* tables, const uint16_t* values, int64_t n_first, int64_t n, int64_t at) noexcept nogil
cdef int64_t add_algorithms(const uint8_t* buf, int64_t at, int64_t end, uint16_t* values, int64_t n) noexcept nogil
