from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Message, Tables
from analyzer.flows.messages cimport Answer

cdef void keep_offered(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, Message* message) noexcept nogil
cdef void keep_challenges(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, Answer* answer) noexcept nogil
cdef void note_parameter(const uint8_t* buf, int64_t at, int64_t name_end, int64_t equals, int64_t end, Answer* answer) noexcept nogil
cdef (int64_t, int64_t) with_scheme(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t schemes_at, int64_t schemes_size) noexcept nogil
cdef int64_t element_end(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(letter=bint)
cdef int64_t token_end(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef int64_t after_blanks(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint is_blank(int64_t c) noexcept nogil
