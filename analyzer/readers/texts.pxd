from libc.stdint cimport int64_t, uint8_t, uint64_t
from analyzer.flows.layout cimport Cursor, Message, Side, Tables

cdef int64_t keep(Tables* tables, const uint8_t* buf, int64_t start, int64_t end) noexcept nogil
@cython.locals(begins=bint)
cdef (int64_t, int64_t) keep_without_users(Tables* tables, const uint8_t* buf, int64_t start, int64_t end) noexcept nogil
cdef bint ends_word(int64_t c) noexcept nogil
@cython.locals(behind_slashes=bint, colon=bint, is_port=bint, in_host=bint)
cdef int64_t behind_user(const uint8_t* buf, int64_t start, int64_t at, int64_t end) noexcept nogil
@cython.locals(digest=uint64_t, rest=uint64_t)
cdef void keep_digest(Tables* tables, const uint8_t* buf, int64_t start, int64_t end) noexcept nogil
cdef Side* own_side(const Tables* tables, const Cursor* cursor) noexcept nogil
cdef Side* other_side(const Tables* tables, const Cursor* cursor) noexcept nogil
cdef Message* new_message(Tables* tables, const Cursor* cursor, int64_t kind, int64_t size) noexcept nogil
