from libc.stdint cimport int64_t
from analyzer.flows.layout cimport Side

cdef void note_ack(Side* side, const Side* other, int64_t ack) noexcept nogil
cdef void note_odd_ack(Side* side, const Side* other, int64_t ack) noexcept nogil
@cython.locals(turns=int64_t)
cdef int64_t acked_span(const Side* side) noexcept nogil
cdef void set_acknowledged(Side* side, int64_t highest, int64_t span) noexcept nogil
@cython.locals(is_first=bint, acked=bint)
cdef void note_sending(Side* side, const Side* other, int64_t seq, int64_t size, int64_t ts_ns, bint whole) noexcept nogil
@cython.locals(highest=int64_t)
cdef void join_acks(Side* into, const Side* side) noexcept nogil
@cython.locals(sent_nothing=bint, knows=bint, acked=int64_t)
cdef void join_sending(Side* into, const Side* into_other, const Side* side) noexcept nogil
cdef (bint, int64_t) acknowledged_up_to(const Side* side, const Side* other) noexcept nogil
@cython.locals(known=bint, end=int64_t, total=int64_t, span=int64_t, ahead=int64_t)
cdef int64_t acknowledged_bytes(const Side* side, const Side* other) noexcept nogil
