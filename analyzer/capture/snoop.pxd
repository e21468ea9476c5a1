from libc.stdint cimport int64_t, uint8_t
from analyzer.packets.layout cimport Frame

cdef (int64_t, int64_t, int64_t) index_snoop(const uint8_t* buf, int64_t start, int64_t end, int64_t link_type, Frame* frames, int64_t n_frames, int64_t* drops) noexcept nogil
