/* The products in plain C, one number at a time, in the order of Intel's manual. */
#include <math.h>

#include "tiles.h"

enum { STRIDE = 80, SPACE = 16 * STRIDE };
enum { SSD, SUD, USD, UUD, BF16, FP16, PRODUCTS };

static void expect_int8(uint8_t *c, const uint8_t *a, const uint8_t *b, int m, int n, int k, int kind) {
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            uint32_t sum;
            memcpy(&sum, c + i * STRIDE + 4 * j, 4);
            for (int l = 0; l < 4 * k; l++) {
                uint8_t x = a[i * STRIDE + l], y = b[l / 4 * STRIDE + 4 * j + l % 4];
                int left = kind == SSD || kind == SUD ? (int8_t)x : x;
                int right = kind == SSD || kind == USD ? (int8_t)y : y;
                sum += (uint32_t)(left * right);
            }
            memcpy(c + i * STRIDE + 4 * j, &sum, 4);
        }
}

static float of_bf16(uint16_t number) {
    uint32_t bits = (uint32_t)number << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

/* By the definition of the format: its denormals are normal numbers of FP32. */
static float of_fp16(uint16_t number) {
    int exponent = number >> 10 & 31, fraction = number & 1023;
    float size = exponent == 31 ? (fraction ? NAN : INFINITY)
                 : exponent     ? ldexpf((float)(1024 + fraction), exponent - 25)
                                : ldexpf((float)fraction, -24);
    return number >> 15 ? -size : size;
}

static float number_at(const uint8_t *at, int kind) {
    uint16_t number;
    memcpy(&number, at, 2);
    return kind == BF16 ? of_bf16(number) : of_fp16(number);
}

__attribute__((noinline, target("fma"))) static void expect_floats(
    uint8_t *c, const uint8_t *a, const uint8_t *b, int m, int n, int k, int kind) {
    float left[16][32], right[32][16]; /* converted before MXCSR changes what ldexpf does */
    for (int l = 0; l < 2 * k; l++) {
        for (int i = 0; i < m; i++) left[i][l] = number_at(a + i * STRIDE + 2 * l, kind);
        for (int j = 0; j < n; j++)
            right[l][j] = number_at(b + l / 2 * STRIDE + 4 * j + l % 2 * 2, kind);
    }
    unsigned before = _mm_getcsr();
    _mm_setcsr(0x9fc0); /* denormals are zero, flushed; to nearest even */
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            __m128 sums[2] = {_mm_setzero_ps(), _mm_setzero_ps()}, old;
            for (int l = 0; l < 2 * k; l++)
                sums[l % 2] = _mm_fmadd_ss(_mm_set_ss(left[i][l]), _mm_set_ss(right[l][j]), sums[l % 2]);
            old = _mm_load_ss((const float *)(c + i * STRIDE + 4 * j));
            _mm_store_ss((float *)(c + i * STRIDE + 4 * j), _mm_add_ss(old, _mm_add_ss(sums[0], sums[1])));
        }
    _mm_setcsr(before);
}

static int same_floats(const uint8_t *x, const uint8_t *y, int m, int n) {
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            float p, q;
            memcpy(&p, x + i * STRIDE + 4 * j, 4);
            memcpy(&q, y + i * STRIDE + 4 * j, 4);
            if (memcmp(&p, &q, 4) && !(isnan(p) && isnan(q))) return 0;
        }
    return 1;
}
