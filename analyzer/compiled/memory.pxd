from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memmove

cdef inline void copy_bytes(const uint8_t* source, int64_t at, int64_t size, uint8_t* target, int64_t to) noexcept nogil:
    if size > 0:
        memmove(target + to, source + at, size)
