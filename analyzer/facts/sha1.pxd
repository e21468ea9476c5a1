from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

cdef extern from *:
    """
    #if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    #define ROUNDS_OF_SHA1(f) \\
        for (int g = 5 * f; g < 5 * f + 5; g++) { \\
            added = g ? _mm_sha1nexte_epu32(before, w[g & 3]) : _mm_add_epi32(e, w[0]); \\
            before = abcd; \\
            abcd = _mm_sha1rnds4_epu32(abcd, added, f); \\
            mixed = _mm_xor_si128(_mm_sha1msg1_epu32(w[g & 3], w[(g + 1) & 3]), w[(g + 2) & 3]); \\
            w[g & 3] = _mm_sha1msg2_epu32(mixed, w[(g + 3) & 3]); \\
        }

    __attribute__((target("sha,sse4.1"))) static void digest_64(uint32_t* state, const uint8_t* text) {
        const __m128i as_words = _mm_set_epi64x(0x0001020304050607ULL, 0x08090A0B0C0D0E0FULL);
        __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i*)state), 0x1B), e = _mm_set_epi32((int)state[4], 0, 0, 0);
        __m128i first = abcd, before = abcd, w[4], added, mixed;
        for (int i = 0; i < 4; i++) w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i*)(text + 16 * i)), as_words);
        ROUNDS_OF_SHA1(0)
        ROUNDS_OF_SHA1(1)
        ROUNDS_OF_SHA1(2)
        ROUNDS_OF_SHA1(3)
        _mm_storeu_si128((__m128i*)state, _mm_shuffle_epi32(_mm_add_epi32(abcd, first), 0x1B));
        state[4] = (uint32_t)_mm_extract_epi32(_mm_sha1nexte_epu32(before, e), 3);
    }

    static int digest_by_processor(uint32_t* state, const uint8_t* text) {
        if (!has_sha()) return 0;
        digest_64(state, text);
        return 1;
    }
    #else
    #define digest_by_processor(state, text) 0
    #endif
    """
    bint digest_by_processor(uint32_t* state, const uint8_t* text) noexcept nogil

@cython.locals(a=uint32_t, b=uint32_t, c=uint32_t, d=uint32_t, e=uint32_t)
cdef void digest_by_steps(uint32_t* state, const uint8_t* text, uint32_t* w) noexcept nogil
@cython.locals(first=int64_t, pair=uint64_t)
cdef void base64_digest(uint8_t* text, int64_t size, uint8_t* out, int64_t at, uint32_t* state, uint32_t* w) noexcept nogil
