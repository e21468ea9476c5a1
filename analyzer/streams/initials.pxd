from libc.stdint cimport int64_t, uint8_t
from analyzer.flows.layout cimport Tables
from analyzer.readers.initial cimport Room

@cython.locals(size=int64_t)
cdef int64_t read_sides(Tables* tables, const int64_t* rows, const int64_t* starts, int64_t first, int64_t n, uint8_t* left, Room* room) noexcept nogil
@cython.locals(version=int64_t, id_at=int64_t, n_packets=int64_t, used=int64_t, n_pieces=int64_t, size=int64_t)
cdef int64_t hello_of(Tables* tables, const int64_t* rows, int64_t start, int64_t stop, Room* room) noexcept nogil
