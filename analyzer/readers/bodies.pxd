from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Side

cdef int64_t after_body(Side* side, int64_t p, int64_t body) noexcept nogil
cdef int64_t read_chunk(const uint8_t* buf, int64_t at, int64_t end, Side* side) noexcept nogil
cdef int64_t read_trailer(const uint8_t* buf, int64_t at, int64_t end, Side* side) noexcept nogil
