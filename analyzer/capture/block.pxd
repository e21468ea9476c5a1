from libc.stdint cimport int64_t
from analyzer.packets.layout cimport Frame

@cython.locals(ordered=bint)
cdef (int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, bint) note_frames(Frame* frames, int64_t n_frames, int64_t latest_ns, int64_t step_ns, int64_t source, int64_t number) noexcept nogil
