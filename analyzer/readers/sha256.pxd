from libc.stdint cimport int64_t, uint8_t, uint32_t

cdef extern from *:
    """
    #if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    #include <cpuid.h>
    #include <immintrin.h>

    static int has_sha(void) {
        static int known = -1;
        unsigned a, b = 0, c, d;
        if (known < 0) known = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
        return known;
    }

    __attribute__((target("sha,sse4.1"))) static void compress_64(uint32_t* state, const uint8_t* text) {
        const __m128i as_words = _mm_set_epi64x(0x0C0D0E0F08090A0BULL, 0x0405060700010203ULL);
        __m128i dcba = _mm_loadu_si128((const __m128i*)state), hgfe = _mm_loadu_si128((const __m128i*)(state + 4));
        __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1), efgh = _mm_shuffle_epi32(hgfe, 0x1B);
        __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
        __m128i before_abef = abef, before_cdgh = cdgh, w[4], added;
        for (int i = 0; i < 4; i++) w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i*)(text + 16 * i)), as_words);
        for (int i = 0; i < 16; i++) {
            added = _mm_add_epi32(w[i & 3], _mm_loadu_si128((const __m128i*)(ROUND_CONSTANTS + 4 * i)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, added);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(added, 0x0E));
            added = _mm_add_epi32(_mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]), _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
            w[i & 3] = _mm_sha256msg2_epu32(added, w[(i + 3) & 3]);
        }
        abef = _mm_add_epi32(abef, before_abef), cdgh = _mm_add_epi32(cdgh, before_cdgh);
        __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
        _mm_storeu_si128((__m128i*)state, _mm_blend_epi16(feba, dchg, 0xF0));
        _mm_storeu_si128((__m128i*)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
    }

    static int compress_by_processor(uint32_t* state, const uint8_t* text, int64_t block) {
        if (!has_sha()) return 0;
        compress_64(state, text + block);
        return 1;
    }
    #else
    #define compress_by_processor(state, text, block) 0
    #endif
    """
    bint compress_by_processor(uint32_t* state, const uint8_t* text, int64_t block) noexcept nogil

cdef uint32_t rotate(uint32_t x, int64_t n) noexcept nogil
cdef void compress(uint32_t* state, const uint8_t* text, int64_t block, uint32_t* w) noexcept nogil
@cython.locals(a=uint32_t, b=uint32_t, c=uint32_t, d=uint32_t, e=uint32_t, f=uint32_t, g=uint32_t, h=uint32_t, x=uint32_t, y=uint32_t, s0=uint32_t, s1=uint32_t, t1=uint32_t, t2=uint32_t)
cdef void compress_by_steps(uint32_t* state, const uint8_t* text, int64_t block, uint32_t* w) noexcept nogil
cdef void hex_digest(uint8_t* text, int64_t size, int64_t digits, uint8_t* out, int64_t at, uint32_t* state, uint32_t* w) noexcept nogil
