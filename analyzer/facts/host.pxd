from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Message, Record

@cython.locals(colons=int64_t, lettered=bint, other=bint, is_hex=bint)
cdef bint is_name(const uint8_t* pool, int64_t at, int64_t size) noexcept nogil
@cython.locals(row=int64_t, ahead=int64_t)
cdef void fill_hosts(const Record* records, const Message* messages, const uint8_t* pool, const int64_t* chosen, const int64_t* flows, int64_t n, int64_t* at, int64_t* size, int64_t* source) noexcept nogil
cdef int64_t source_by_itself(const Record* record, const Message* message) noexcept nogil
cdef bint asks_resolver(const Record* record, int64_t side) noexcept nogil
