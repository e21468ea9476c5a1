from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from analyzer.packets.layout cimport Frame

cdef struct Clock:
    int64_t offset_s
    uint64_t per_second
    uint64_t multiply
    uint64_t divide
    int32_t shift
    int32_t link_type
    int64_t snap_bytes

@cython.locals(ticks=uint64_t, whole=uint64_t, part=uint64_t, billion=uint64_t, ns=uint64_t, upper=uint64_t, seconds=int64_t)
cdef int64_t ticks_to_ns(uint64_t high, uint64_t low, const Clock* clock) noexcept nogil
@cython.locals(ordered=bint)
cdef (int64_t, int64_t, int64_t) index_pcapng(const uint8_t* buf, int64_t start, int64_t end, bint little, const Clock* clocks, int64_t n_clocks, Frame* frames, int64_t n_frames, int64_t* left_out) noexcept nogil
@cython.locals(captured=int64_t, wire=int64_t, room=int64_t, which=int64_t)
cdef bint read_packet(const uint8_t* buf, int64_t at, int64_t size, int64_t kind, bint little, const Clock* clocks, int64_t n_clocks, Frame* frame) noexcept nogil
cdef bint names_process(const uint8_t* buf, int64_t at, int64_t end, bint little) noexcept nogil
