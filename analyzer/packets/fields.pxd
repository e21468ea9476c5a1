from libc.stdint cimport int64_t, uint8_t, uint64_t

# Loaded whole and byte-swapped: from fields.py C compilers make single-byte loads.
cdef extern from *:
    """
    #include <string.h>
    #if (defined(__GNUC__) || defined(__clang__)) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    #define FIELD(bits, from_network) uint##bits##_t x; memcpy(&x, buf + at, sizeof x); return from_network(x)
    static inline int64_t u16(const uint8_t* buf, int64_t at) { FIELD(16, __builtin_bswap16); }
    static inline int64_t u32(const uint8_t* buf, int64_t at) { FIELD(32, __builtin_bswap32); }
    static inline uint64_t u64(const uint8_t* buf, int64_t at) { FIELD(64, __builtin_bswap64); }
    static inline int64_t u16_little(const uint8_t* buf, int64_t at) { FIELD(16, ); }
    static inline int64_t u32_little(const uint8_t* buf, int64_t at) { FIELD(32, ); }
    #undef FIELD
    #else
    static inline int64_t u16(const uint8_t* buf, int64_t at) { return buf[at] << 8 | buf[at + 1]; }
    static inline int64_t u32(const uint8_t* buf, int64_t at) { return u16(buf, at) << 16 | u16(buf, at + 2); }
    static inline uint64_t u64(const uint8_t* buf, int64_t at) { return (uint64_t)u32(buf, at) << 32 | (uint64_t)u32(buf, at + 4); }
    static inline int64_t u16_little(const uint8_t* buf, int64_t at) { return buf[at + 1] << 8 | buf[at]; }
    static inline int64_t u32_little(const uint8_t* buf, int64_t at) { return u16_little(buf, at + 2) << 16 | u16_little(buf, at); }
    #endif
    static inline int64_t u24(const uint8_t* buf, int64_t at) { return u16(buf, at) << 8 | buf[at + 2]; }
    """
    int64_t u16(const uint8_t* buf, int64_t at) noexcept nogil
    int64_t u24(const uint8_t* buf, int64_t at) noexcept nogil
    int64_t u32(const uint8_t* buf, int64_t at) noexcept nogil
    uint64_t u64(const uint8_t* buf, int64_t at) noexcept nogil
    int64_t u32_little(const uint8_t* buf, int64_t at) noexcept nogil
    int64_t u16_little(const uint8_t* buf, int64_t at) noexcept nogil
