from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

cdef int64_t put_text(uint8_t* text, int64_t n, const uint8_t* data, int64_t start, int64_t end) noexcept nogil
@cython.locals(digits=int64_t, above=int64_t)
cdef int64_t put_number(uint8_t* text, int64_t n, int64_t value) noexcept nogil
@cython.locals(n=int64_t)
cdef void digest_ids(const int32_t* proto_at, const uint8_t* proto, const int32_t* client_at, const uint8_t* client, const int32_t* client_port, const int32_t* server_at, const uint8_t* server, const int32_t* server_port, const int64_t* first_ns, int64_t n_flows, uint8_t* out, uint8_t* text, uint32_t* state, uint32_t* schedule) noexcept nogil
