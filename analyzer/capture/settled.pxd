from libc.stdint cimport int64_t
from analyzer.packets.layout cimport Frame

cdef bint are_ordered(const Frame* frames, int64_t n_frames, int64_t before_ns) noexcept nogil
