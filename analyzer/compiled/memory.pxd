from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memchr, memmove

cdef extern from *:
    """
    #include <string.h>

    #define MOVE_ENDS(size_of_end) \\
        static inline void move_ends_##size_of_end(uint8_t* target, const uint8_t* source, int64_t size) { \\
            char first[size_of_end], last[size_of_end]; \\
            memcpy(first, source, size_of_end), memcpy(last, source + size - size_of_end, size_of_end); \\
            memcpy(target, first, size_of_end), memcpy(target + size - size_of_end, last, size_of_end); \\
        }
    MOVE_ENDS(16)
    MOVE_ENDS(8)
    MOVE_ENDS(4)

    static inline void move_few(uint8_t* target, const uint8_t* source, int64_t size) {
        if (size >= 4) {
            move_ends_4(target, source, size);
        } else {
            uint8_t first = source[0], middle = source[size >> 1], last = source[size - 1];
            target[0] = first, target[size >> 1] = middle, target[size - 1] = last;
        }
    }
    """
    void move_ends_16(uint8_t* target, const uint8_t* source, int64_t size) noexcept nogil
    void move_ends_8(uint8_t* target, const uint8_t* source, int64_t size) noexcept nogil
    void move_few(uint8_t* target, const uint8_t* source, int64_t size) noexcept nogil

cdef inline void copy_bytes(const uint8_t* source, int64_t at, int64_t size, uint8_t* target, int64_t to) noexcept nogil:
    # All is read before anything is written, as both may be the same bytes; short texts, as most are, without a call.
    if size > 32:
        memmove(target + to, source + at, size)
    elif size >= 16:
        move_ends_16(target + to, source + at, size)
    elif size >= 8:
        move_ends_8(target + to, source + at, size)
    elif size > 0:
        move_few(target + to, source + at, size)

cdef inline void copy_number(const uint8_t* source, int64_t at, int64_t size, uint8_t* target, int64_t to) noexcept nogil:
    if size == 8:  # each size by itself, so that none is a call
        memmove(target + to, source + at, 8)
    elif size == 4:
        memmove(target + to, source + at, 4)
    elif size == 2:
        memmove(target + to, source + at, 2)
    elif size == 1:
        target[to] = source[at]

cdef inline int64_t find_byte(const uint8_t* buf, int64_t at, int64_t end, int64_t byte) noexcept nogil:
    cdef const uint8_t* found
    if end <= at:
        return -1
    found = <const uint8_t*>memchr(buf + at, <int>byte, end - at)
    return -1 if found is NULL else found - buf

cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define prefetch(array, row) __builtin_prefetch((const char*)((array) + (row)), 1, 3)
    #else
    #define prefetch(array, row) ((void)0)
    #endif
    """
    void prefetch(const void* array, int64_t row) noexcept nogil
