from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memmove

cdef inline void copy_bytes(const uint8_t* source, int64_t at, int64_t size, uint8_t* target, int64_t to) noexcept nogil:
    if size > 0:
        memmove(target + to, source + at, size)

cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define prefetch(array, row) __builtin_prefetch((const char*)((array) + (row)), 1, 3)
    #else
    #define prefetch(array, row) ((void)0)
    #endif
    """
    void prefetch(const void* array, int64_t row) noexcept nogil
