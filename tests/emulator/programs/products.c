/* products THREADS ROUNDS [fp16]: AMX's instructions on random numbers, compared with plain C. */
#define _GNU_SOURCE
#include <pthread.h>

#include "reference.h"

static const char *const NAMES[] = {"TDPBSSD", "TDPBSUD", "TDPBUSD", "TDPBUUD", "TDPBF16PS", "TDPFP16PS"};
static int rounds, kinds, failures;

static void fail(const char *what) {
    __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
    printf("FAIL %s\n", what);
}

/* Of any bits, of moderate size, near FP32's denormals, FP16's and BF16's special numbers. */
static void fill(uint8_t *bytes, int count, unsigned *seed, int numbers) {
    static const uint16_t SPECIAL[] = {0, 0x8000, 1, 0x8001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00,
                                       0x7e00, 0x007f, 0x0080, 0x7f7f, 0x7f80, 0xff80, 0x7fc0, 0x3c00, 0x3f80};
    for (int i = 0; i < count; i++) bytes[i] = (uint8_t)(rand_r(seed) >> 7);
    for (int i = 1; i < count && numbers; i += 2) {
        if (numbers == 1) bytes[i] = (uint8_t)((bytes[i] & 0x83) | 0x3c);
        if (numbers == 2) bytes[i] = (uint8_t)((bytes[i] & 0x83) | 0x1c);
        if (numbers == 3) memcpy(bytes + i - 1, &SPECIAL[rand_r(seed) % 18], 2);
    }
}

static void check_configuration(const layout *l) {
    layout back;
    configure(l);
    _tile_storeconfig(&back);
    if (memcmp(l, &back, 64)) fail("configuration");
}

static void multiply(int kind) {
    switch (kind) {
        case SSD: _tile_dpbssd(0, 1, 2); return;
        case SUD: _tile_dpbsud(0, 1, 2); return;
        case USD: _tile_dpbusd(0, 1, 2); return;
        case UUD: _tile_dpbuud(0, 1, 2); return;
        case BF16: _tile_dpbf16ps(0, 1, 2); return;
        case FP16: TDPFP16PS(); return;
    }
}

static void product(int kind, unsigned *seed) {
    _Alignas(64) uint8_t a[SPACE], b[SPACE], c[SPACE], wanted[SPACE];
    int m = 1 + rand_r(seed) % 16, n = 1 + rand_r(seed) % 16, k = 1 + rand_r(seed) % 16;
    if (rand_r(seed) % 2) m = n = k = 16;
    int numbers = kind >= BF16 ? rand_r(seed) % 4 : 0;
    fill(a, SPACE, seed, numbers), fill(b, SPACE, seed, numbers), fill(c, SPACE, seed, numbers);
    memcpy(wanted, c, SPACE);
    layout l = layout_of(m, n, k);
    check_configuration(&l);
    _tile_loadd(0, c, STRIDE);
    _tile_stream_loadd(1, a, STRIDE);
    _tile_loadd(2, b, STRIDE);
    multiply(kind);
    _tile_stored(0, c, STRIDE);
    if (kind < BF16) expect_int8(wanted, a, b, m, n, k, kind);
    else expect_floats(wanted, a, b, m, n, k, kind);
    if (kind < BF16 ? memcmp(c, wanted, SPACE) : !same_floats(c, wanted, m, n)) fail(NAMES[kind]);
    _tile_release();
}

/* Zeroed, and stored by base + index * 4 + displacement. */
static void zero(unsigned *seed) {
    uint8_t zeros[SPACE];
    int m = 1 + rand_r(seed) % 16, n = 1 + rand_r(seed) % 16;
    layout l = layout_of(m, n, n);
    memset(zeros, 1, SPACE);
    check_configuration(&l);
    _tile_zero(0);
    __asm__ volatile("tilestored %%tmm0, 128(%0,%1,4)"
                     : : "r"((uintptr_t)zeros - 128), "r"((int64_t)STRIDE / 4) : "memory");
    for (int i = 0; i < SPACE; i++)
        if (zeros[i] != !(i / STRIDE < m && i % STRIDE < 4 * n)) { fail("TILEZERO"); break; }
    _tile_release();
}

/* Rows before the first one stay; afterwards the first one is 0. */
static void start_row(void) {
    layout l = layout_of(16, 16, 16), back;
    uint8_t ones[1024], twos[1024], got[1024];
    memset(ones, 1, 1024), memset(twos, 2, 1024);
    l.start_row = 0;
    check_configuration(&l);
    _tile_loadd(0, ones, 64);
    _tile_release();
    l.start_row = 5;
    check_configuration(&l);
    _tile_loadd(0, twos, 64);
    _tile_stored(0, got, 64);
    _tile_storeconfig(&back);
    for (int i = 0; i < 1024; i++)
        if (got[i] != (i / 64 < 5 ? 0 : 2)) { fail("start_row"); break; }
    if (back.start_row) fail("start_row is not 0");
    _tile_release();
}

/* Addresses by the stack pointer, by r12 and r13, and relative to what follows. */
static void addresses(void) {
    static layout l;
    static uint8_t from[1024]; /* each thread writes the same */
    uint8_t to[1024];
    for (int i = 0; i < 1024; i++) from[i] = (uint8_t)(i * 7);
    l = layout_of(16, 16, 16);
    __asm__ volatile("ldtilecfg %[l]\n mov %[from], %%r13\n mov $16, %%r12\n"
                     "tileloadd (%%r13,%%r12,4), %%tmm2\n mov %[to], %%r12\n mov $64, %%r13\n"
                     "tilestored %%tmm2, (%%r12,%%r13,1)\n tilerelease"
                     : : [l] "m"(l), [from] "r"(from), [to] "r"(to) : "r12", "r13", "memory");
    if (memcmp(from, to, 1024)) fail("r12 and r13");
    memset(to, 0, 1024);
    __asm__ volatile("ldtilecfg %[l]\n sub $2048, %%rsp\n mov $64, %%rax\n"
                     "tileloadd (%[from],%%rax,1), %%tmm2\n tilestored %%tmm2, 512(%%rsp,%%rax,1)\n"
                     "tileloadd 512(%%rsp,%%rax,1), %%tmm1\n tilestored %%tmm1, (%[to],%%rax,1)\n"
                     "tilerelease\n add $2048, %%rsp"
                     : : [l] "m"(l), [from] "r"(from), [to] "r"(to) : "rax", "memory");
    if (memcmp(from, to, 1024)) fail("the stack pointer");
}

#define ALL_ZMM "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

/* All registers, flags and the red zone survive an instruction. */
static void keep_registers(void) {
    static const layout l = {.palette = 1, .bytes = {64, 64, 64}, .rows = {16, 16, 16}};
    static _Alignas(64) _Thread_local uint8_t before[33 * 64], after[33 * 64];
    unsigned seed = 1;
    fill(before, sizeof before, &seed, 0);
    uint64_t red = 0, carry = 0, r8 = 0;
    unsigned csr = _mm_getcsr();
    __asm__ volatile(
        "ldtilecfg %[l]\n .irp n," ALL_ZMM "\n vmovdqa64 64*\\n(%[from]), %%zmm\\n\n.endr\n"
        ".irp n,0,1,2,3,4,5,6,7\n kmovq 32*64+8*\\n(%[from]), %%k\\n\n.endr\n"
        "movq $77, -8(%%rsp)\n movq $78, -128(%%rsp)\n mov $55, %%r8\n stc\n"
        "tilezero %%tmm0\n tdpbf16ps %%tmm2, %%tmm1, %%tmm0\n tdpbusd %%tmm2, %%tmm1, %%tmm0\n"
        "sbb %[carry], %[carry]\n mov -8(%%rsp), %[red]\n add -128(%%rsp), %[red]\n mov %%r8, %[r8]\n"
        ".irp n," ALL_ZMM "\n vmovdqa64 %%zmm\\n, 64*\\n(%[to])\n.endr\n"
        ".irp n,0,1,2,3,4,5,6,7\n kmovq %%k\\n, 32*64+8*\\n(%[to])\n.endr\n"
        : [red] "=&r"(red), [carry] "+&r"(carry), [r8] "=&r"(r8)
        : [l] "m"(l), [from] "r"(before), [to] "r"(after)
        : "memory", "cc", "r8", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
          "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    if (memcmp(before, after, 33 * 64)) fail("vector or mask registers");
    if (red != 155 || carry != ~0ull || r8 != 55) fail("red zone, flags or general registers");
    if (csr != _mm_getcsr()) fail("MXCSR");
    _tile_release();
}

static void *work(void *number) {
    unsigned seed = (unsigned)(uintptr_t)number;
    for (int i = 0; i < rounds; i++) product(i % kinds, &seed);
    for (int i = 0; i < 20; i++) zero(&seed);
    start_row(), addresses(), keep_registers();
    return NULL;
}

int main(int count, char **arguments) {
    int threads = atoi(arguments[1]);
    pthread_t running[64];
    rounds = atoi(arguments[2]);
    kinds = count > 3 ? PRODUCTS : FP16;
    permit();
    for (intptr_t i = 0; i < threads; i++) pthread_create(&running[i], NULL, work, (void *)(i + 1));
    for (int i = 0; i < threads; i++) pthread_join(running[i], NULL);
    printf("%d products, %d failures\n", threads * rounds, failures);
    return failures != 0;
}
