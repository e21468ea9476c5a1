from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Tables

cdef bint has_begun(const Tables* tables, const Cursor* cursor) noexcept nogil
cdef bint has_opened(const Tables* tables, const Cursor* cursor) noexcept nogil
@cython.locals(received=bint)
cdef bint may_ask_socks(const Tables* tables, const Cursor* cursor) noexcept nogil
cdef bint may_ask_socks4(const Tables* tables, const uint8_t* buf, const Cursor* cursor) noexcept nogil
cdef bint is_method(int64_t number) noexcept nogil
cdef int64_t after_greeting(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef int64_t after_token(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(host_at=int64_t, size=int64_t, shape=int64_t)
cdef (int64_t, int64_t, int64_t, int64_t) socks5_address(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef int64_t text_end(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(by_name=bint)
cdef int64_t read_socks4_request(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
cdef int64_t read_*(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
