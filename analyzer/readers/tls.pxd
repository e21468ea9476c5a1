from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Side, Tables

cdef bint starts_like_handshake(const uint8_t* buf, int64_t at, int64_t end, int64_t kind) noexcept nogil
cdef bint starts_like_application_data(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef int64_t after_change_cipher_spec(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(n=int64_t)
cdef (int64_t, int64_t, bint) join_handshake(const uint8_t* buf, int64_t at, int64_t end, uint8_t* out, int64_t room, int64_t wanted) noexcept nogil
cdef void await_records(Side* side, const uint8_t* buf, int64_t at, int64_t p, int64_t end, int64_t missing) noexcept nogil
@cython.locals(first=int64_t, size=int64_t, p=int64_t, n=int64_t, other=bint, kept=bint)
cdef int64_t read_client_hello(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side, int64_t seq, int64_t ts_ns, int64_t ack, bint final) noexcept nogil
cdef (int64_t, int64_t, int64_t) whole_message(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef void cut_hello(Tables* tables, const uint8_t* hello, int64_t n, int64_t row, int64_t side, int64_t seq, int64_t ts_ns, int64_t ack) noexcept nogil
@cython.locals(traits=int64_t, n_kept=int64_t, n_extensions=int64_t, version=int64_t, listed=int64_t, name_at=int64_t, name_size=int64_t, has_name=bint, alpn_at=int64_t, alpn_end=int64_t, alpn_size=int64_t, algorithms_at=int64_t, algorithms_end=int64_t)
cdef bint keep_client_hello(Tables* tables, const uint8_t* hello, int64_t at, int64_t end, int64_t row, int64_t side, int64_t seq, int64_t seq_end, int64_t ts_ns, int64_t ack, bint quic) noexcept nogil
@cython.locals(first=int64_t, size=int64_t, p=int64_t, n=int64_t, other=bint, version=int64_t)
cdef (int64_t, int64_t) read_server_hello(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side, int64_t seq, int64_t ts_ns, int64_t ack, bint final) noexcept nogil
cdef int64_t server_version(const uint8_t* hello, int64_t at, int64_t size) noexcept nogil
cdef int64_t last_record_end(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
@cython.locals(n=int64_t, q=int64_t, turn=int64_t, needed=int64_t, stop=int64_t, other=bint)
cdef int64_t read_certificate(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side, int64_t seq, int64_t ts_ns, int64_t ack, bint final) noexcept nogil
