from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from analyzer.packets.layout cimport Frame

cdef (int64_t, int64_t, int64_t) index_places(const uint8_t* buf, int64_t n_bytes, const int64_t* places, int64_t n_places, int64_t at, int64_t minor, int64_t trailer, int64_t media, int64_t start_ns, Frame* frames, int64_t n_frames, uint32_t* processes) noexcept nogil
cdef (int64_t, int64_t, int64_t) index_netmon(const uint8_t* buf, int64_t start, int64_t end, int64_t minor, int64_t trailer, int64_t media, int64_t start_ns, Frame* frames, int64_t n_frames, uint32_t* processes) noexcept nogil
cdef int64_t read_frame(const uint8_t* buf, int64_t at, int64_t end, int64_t minor, int64_t trailer, int64_t media, int64_t start_ns, Frame* frame) noexcept nogil
cdef int64_t link_type_of(int64_t media) noexcept nogil
cdef uint64_t u64_little(const uint8_t* buf, int64_t at) noexcept nogil
cdef int64_t time_since_1601(const uint8_t* buf, int64_t at) noexcept nogil
cdef int64_t time_since_start(const uint8_t* buf, int64_t at, int64_t start_ns) noexcept nogil
cdef int64_t process_of(const uint8_t* buf, int64_t end, int64_t minor, int64_t trailer) noexcept nogil
