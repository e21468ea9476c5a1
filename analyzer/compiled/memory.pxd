from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memmove

cdef inline void copy_bytes(const uint8_t* source, int64_t at, int64_t size, uint8_t* target, int64_t to) noexcept nogil:
    if size > 0:
        memmove(target + to, source + at, size)

cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define prefetch(array, row) prefetch_bytes((const char*)((array) + (row)), sizeof *(array))
    static inline void prefetch_bytes(const char* at, size_t size) {
        for (size_t line = 0; line < size; line += 64) __builtin_prefetch(at + line, 1, 3);
        __builtin_prefetch(at + size - 1, 1, 3);
    }
    #else
    #define prefetch(array, row) ((void)0)
    #endif
    """
    void prefetch(const void* array, int64_t row) noexcept nogil
