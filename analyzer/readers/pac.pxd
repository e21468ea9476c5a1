from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Tables

cdef int64_t pac_type(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef int64_t pac_state(const uint8_t* buf, int64_t at, int64_t end, int64_t kind, int64_t body, bint final) noexcept nogil
cdef bint holds_pac(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef int64_t read_pac(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t body, int64_t row, int64_t side, int64_t seq, int64_t ts_ns, int64_t ack, bint final) noexcept nogil
cdef int64_t lacks_of_pac(const uint8_t* buf, int64_t at, int64_t end, int64_t kind, int64_t body) noexcept nogil
