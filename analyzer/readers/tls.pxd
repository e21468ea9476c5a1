from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Cursor, Tables

@cython.locals(n=int64_t)
cdef (int64_t, int64_t, bint) join_handshake(Tables* tables, const uint8_t* buf, const Cursor* cursor, int64_t wanted) noexcept nogil
cdef void await_records(Cursor* cursor, const uint8_t* buf, int64_t p, int64_t missing) noexcept nogil
@cython.locals(first=int64_t, size=int64_t, p=int64_t, n=int64_t, other=bint, body=int64_t, stop=int64_t)
cdef int64_t read_client_hello(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
cdef (int64_t, int64_t, int64_t) whole_message(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef bint keep_malformed(Tables* tables, const uint8_t* hello, int64_t at, int64_t end, const Cursor* cursor) noexcept nogil
cdef bint keep_name(Tables* tables, const uint8_t* hello, int64_t at, int64_t end, const Cursor* cursor) noexcept nogil
cdef bint keep_client_hello(Tables* tables, const uint8_t* hello, int64_t at, int64_t end, const Cursor* cursor, int64_t size) noexcept nogil
@cython.locals(traits=int64_t, n_kept=int64_t, n_extensions=int64_t)
cdef bint read_hello_body(Tables* tables, const uint8_t* hello, int64_t at, int64_t end) noexcept nogil
@cython.locals(first=int64_t, size=int64_t, p=int64_t, n=int64_t, other=bint, version=int64_t)
cdef int64_t read_server_hello(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
cdef int64_t server_version(const uint8_t* hello, int64_t at, int64_t size) noexcept nogil
cdef int64_t last_record_end(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(n=int64_t, q=int64_t, turn=int64_t, needed=int64_t, stop=int64_t, other=bint)
cdef int64_t read_certificate(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
cdef int64_t read_*(Tables* tables, const uint8_t* buf, Cursor* cursor) noexcept nogil
