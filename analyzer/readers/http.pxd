from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Message, Tables
from analyzer.flows.messages cimport Answer

cdef int64_t head_end(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef int64_t complete_lines(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint starts_like_answer(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(is_cut=bint, host=int64_t, host_end=int64_t, port=int64_t, kind=int64_t)
cdef int64_t read_request(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
cdef (int64_t, int64_t, int64_t) field_parts(const uint8_t* buf, int64_t at, int64_t feed) noexcept nogil
@cython.locals(body=int64_t)
cdef int64_t fill_request_fields(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, Message* message) noexcept nogil
@cython.locals(number=int64_t)
cdef int64_t body_after(const uint8_t* buf, int64_t at, int64_t name, int64_t first, int64_t last, int64_t body) noexcept nogil
@cython.locals(is_cut=bint, tells_more=bint, body=int64_t, pac=int64_t, html=int64_t, status=int64_t)
cdef int64_t read_answer(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
cdef int64_t html_type(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(host=int64_t, host_end=int64_t)
cdef void fill_answer_fields(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, Answer* answer) noexcept nogil
@cython.locals(number=int64_t, digits=int64_t, c=int64_t)
cdef (int64_t, int64_t) read_chunk_line(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
