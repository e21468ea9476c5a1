from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Tables

cdef bint is_versioned(const uint8_t* buf, int64_t at) noexcept nogil
cdef bint starts_like_handshake(const uint8_t* buf, int64_t at, int64_t end, int64_t kind) noexcept nogil
cdef bint starts_like_application_data(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(kind=int64_t, size=int64_t, stop=int64_t)
cdef int64_t read_passing_record(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
