/* The products' arithmetic, after the operation sections of Intel's manual (SDM volume 2).
 *
 * Integer products are exact: sums wrap at 32 bits, in whatever order. Those of BF16 and FP16
 * follow the manual's order: per instruction and element, one chain of FP32 FMAs over the even and
 * one over the odd numbers of the pairs, both from zero; then even + odd; then that onto the
 * destination. All of it rounds to nearest even, takes FP32 denormals as zero and flushes them
 * (MXCSR is neither consulted nor changed). BF16's denormals are FP32's; FP16's are normal in FP32
 * and count. Which NaN comes out of several is the host's FMA's choice.
 */
#include "state.h"

enum { MXCSR_OF_AMX = 0x9fc0 }; /* all masked, FTZ, DAZ, to nearest even */
enum { LANES = 16, AT_ONCE = 4 }; /* rows; those beyond a tile's are zero, and stay so */

struct shape {
    tile *c;
    const tile *a, *b;
    int rows, depth; /* depth: of 4 bytes each */
    __mmask16 columns;
};

#define INLINE static inline __attribute__((always_inline))

/* VPDPBUSD takes unsigned times signed; if the signs are equal, one factor is moved by 128, which
 * turns the one kind into the other, and the difference is taken back: `moved` is 128 times the
 * sums of b's columns, where a is moved. */
struct signs { bool a, b, move_a, move_b; };

INLINE void add_int8(const struct shape *of, int m, int k, struct signs with, __m512i *sums,
                     __m512i *extra) {
    const __m512i flip = _mm512_set1_epi8(-128), ones = _mm512_set1_epi8(1);
    __m512i right = of->b->rows[k];
    if (with.move_b) right = _mm512_xor_si512(right, flip);
    for (int i = 0; i < AT_ONCE; i++) {
        __m512i left = _mm512_set1_epi32((int)of->a->dwords[m + i][k]);
        if (with.move_a) left = _mm512_xor_si512(left, flip);
        sums[i] = with.a && !with.b ? _mm512_dpbusd_epi32(sums[i], right, left)
                                    : _mm512_dpbusd_epi32(sums[i], left, right);
        if (with.move_b) extra[i] = _mm512_dpbusd_epi32(extra[i], left, ones);
    }
}

INLINE void rows_int8(const struct shape *of, int m, struct signs with, __m512i moved) {
    __m512i sums[AT_ONCE], extra[AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++) {
        sums[i] = _mm512_sub_epi32(of->c->rows[m + i], moved);
        extra[i] = _mm512_setzero_si512();
    }
    for (int k = 0; k < of->depth; k++) add_int8(of, m, k, with, sums, extra);
    for (int i = 0; i < AT_ONCE; i++) {
        sums[i] = _mm512_add_epi32(sums[i], _mm512_slli_epi32(extra[i], 7));
        of->c->rows[m + i] = _mm512_maskz_mov_epi32(of->columns, sums[i]);
    }
}

INLINE void multiply_int8(const struct shape *of, bool signed_a, bool signed_b) {
    const struct signs with = {signed_a, signed_b, signed_a && signed_b, !signed_a && !signed_b};
    __m512i moved = _mm512_setzero_si512();
    for (int k = 0; with.move_a && k < of->depth; k++)
        moved = _mm512_dpbusd_epi32(moved, _mm512_set1_epi8(-128), of->b->rows[k]);
    for (int m = 0; m < of->rows; m += AT_ONCE) rows_int8(of, m, with, moved);
}

INLINE __m512 even_of(__m512i pairs, bool fp16) {
    return fp16 ? _mm512_cvtph_ps(_mm512_cvtepi32_epi16(pairs))
                : _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
}

INLINE __m512 odd_of(__m512i pairs, bool fp16) {
    __m512i upper = _mm512_set1_epi32((int)0xffff0000);
    return fp16 ? _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(pairs, 16)))
                : _mm512_castsi512_ps(_mm512_and_si512(pairs, upper));
}

INLINE void rows_of_floats(const struct shape *of, int m, bool fp16) {
    __m512 even[AT_ONCE], odd[AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++) even[i] = odd[i] = _mm512_setzero_ps();
    for (int k = 0; k < of->depth; k++) {
        __m512 right_even = even_of(of->b->rows[k], fp16), right_odd = odd_of(of->b->rows[k], fp16);
        for (int i = 0; i < AT_ONCE; i++) {
            __m512i left = _mm512_set1_epi32((int)of->a->dwords[m + i][k]);
            even[i] = _mm512_fmadd_ps(even_of(left, fp16), right_even, even[i]);
            odd[i] = _mm512_fmadd_ps(odd_of(left, fp16), right_odd, odd[i]);
        }
    }
    for (int i = 0; i < AT_ONCE && m + i < of->rows; i++) {
        __m512 sum = _mm512_add_ps(even[i], odd[i]), old = _mm512_castsi512_ps(of->c->rows[m + i]);
        of->c->rows[m + i] = _mm512_castps_si512(_mm512_maskz_add_ps(of->columns, old, sum));
    }
}

INLINE void multiply_floats(const struct shape *of, bool fp16) {
    for (int m = 0; m < of->rows; m += AT_ONCE) rows_of_floats(of, m, fp16);
}

/* Not inlined: nothing may move across the changes of MXCSR around the calls. */
static __attribute__((noinline)) void multiply_bf16(const struct shape *of) { multiply_floats(of, 0); }
static __attribute__((noinline)) void multiply_fp16(const struct shape *of) { multiply_floats(of, 1); }

static void multiply_shape(int operation, const struct shape *of) {
    switch (operation) {
        case TDPBUUD: multiply_int8(of, 0, 0); return;
        case TDPBUSD: multiply_int8(of, 0, 1); return;
        case TDPBSUD: multiply_int8(of, 1, 0); return;
        case TDPBSSD: multiply_int8(of, 1, 1); return;
    }
    unsigned before = _mm_getcsr();
    _mm_setcsr(MXCSR_OF_AMX);
    if (operation == TDPBF16PS) multiply_bf16(of);
    if (operation == TDPFP16PS) multiply_fp16(of);
    _mm_setcsr(before);
}

static void count(int operation, const struct shape *of, int columns) {
    int each = operation == TDPBF16PS || operation == TDPFP16PS ? 2 : 4; /* numbers in 4 bytes */
    int product = operation - FIRST_PRODUCT;
    self.counts.useful[product] += (uint64_t)(of->rows * columns * of->depth * each);
    self.counts.possible[product] += (uint64_t)(TILE_ROWS * LANES * ROW_BYTES / 4 * each);
}

const char *multiply(const struct instruction *it) {
    int c = it->destination, a = it->left, b = it->right;
    const uint8_t *rows = self.now.rows;
    const uint16_t *bytes = self.now.column_bytes;
    if (c == a || c == b || a == b) return "a tile product takes three tiles";
    if ((bytes[a] | bytes[b] | bytes[c]) % 4) return "a tile product takes columns of 4 bytes";
    if (rows[c] != rows[a] || bytes[c] != bytes[b] || bytes[a] / 4 != rows[b])
        return "the tiles of a product don't fit";
    const struct shape of = {
        &self.tiles[c], &self.tiles[a], &self.tiles[b], rows[c], rows[b],
        (__mmask16)_bzhi_u32(0xffff, bytes[c] / 4u)};
    multiply_shape(it->operation, &of);
    count(it->operation, &of, bytes[c] / 4);
    return NULL;
}
