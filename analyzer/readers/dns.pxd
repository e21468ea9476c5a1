from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Record, Tables

cdef bint is_dns_port(int64_t port) noexcept nogil
cdef bint is_resolvers(const Record* record) noexcept nogil
@cython.locals(size=int64_t, labels=int64_t, behind=int64_t, length=int64_t)
cdef (int64_t, int64_t) read_name(const uint8_t* buf, int64_t start, int64_t end, int64_t at, uint8_t* pool, int64_t out) noexcept nogil
cdef bint is_dns(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(answered=bint)
cdef bint keep_dns(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, const Cursor* cursor, int64_t size_in_stream) noexcept nogil
@cython.locals(size=int64_t, ttl=int64_t, wanted=int64_t)
cdef (int64_t, int64_t) read_answers(const uint8_t* buf, int64_t start, int64_t end, int64_t at, int64_t n, uint8_t* pool, int64_t out) noexcept nogil
cdef int64_t read_dns(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
