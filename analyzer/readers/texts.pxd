from libc.stdint cimport int64_t, uint8_t, uint64_t
from analyzer.flows.layout cimport Message, Tables

cdef int64_t keep(Tables* tables, const uint8_t* buf, int64_t start, int64_t end) noexcept nogil
@cython.locals(begins=bint)
cdef (int64_t, int64_t) keep_without_users(Tables* tables, const uint8_t* buf, int64_t start, int64_t end) noexcept nogil
cdef bint ends_word(int64_t c) noexcept nogil
@cython.locals(behind_slashes=bint, colon=bint, is_port=bint, in_host=bint)
cdef int64_t behind_user(const uint8_t* buf, int64_t start, int64_t at, int64_t end) noexcept nogil
@cython.locals(digest=uint64_t, rest=uint64_t)
cdef void keep_digest(Tables* tables, const uint8_t* buf, int64_t start, int64_t end) noexcept nogil
cdef Message* new_message(Tables* tables, int64_t kind, int64_t row, int64_t side, int64_t seq, int64_t end, int64_t ts_ns, int64_t ack) noexcept nogil
