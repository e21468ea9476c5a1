from libc.stdint cimport int64_t, uint8_t
from analyzer.packets.layout cimport Frame

cdef void copy_frames(const uint8_t* buf, Frame* frames, int64_t n_frames, int64_t at, uint8_t* out) noexcept nogil
