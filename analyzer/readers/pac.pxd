from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Tables

cdef int64_t pac_type(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef int64_t pac_state(const uint8_t* buf, const Cursor* cursor, int64_t at, int64_t kind, int64_t body) noexcept nogil
cdef bint holds_pac(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef int64_t keep_pac(Tables* tables, const uint8_t* buf, const Cursor* cursor, int64_t at, int64_t body) noexcept nogil
cdef int64_t lacks_of_pac(const uint8_t* buf, int64_t at, int64_t end, int64_t kind, int64_t body) noexcept nogil
