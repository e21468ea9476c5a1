from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Side, Tables

cdef bint starts_like_alert(const uint8_t* buf, int64_t at, int64_t end) noexcept nogil
cdef int64_t read_alert(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side_index, Side* side, int64_t seq, int64_t ts_ns, int64_t ack) noexcept nogil
@cython.locals(retried=bint)
cdef int64_t read_after_hello(Tables* tables, const uint8_t* buf, int64_t at, int64_t end, int64_t row, int64_t side_index, Side* side, int64_t seq, int64_t ts_ns, int64_t ack) noexcept nogil
