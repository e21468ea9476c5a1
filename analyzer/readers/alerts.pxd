from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Tables

cdef bint starts_like_alert(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint is_passing(const uint8_t* buf, int64_t at) noexcept nogil
@cython.locals(retried=bint)
cdef int64_t read_after_hello(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
cdef int64_t read_*(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
