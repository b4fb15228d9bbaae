#include <cpuid.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "cpu.h"
#include "instruction.h"

enum { GET_SUPPORTED = 0x1021, GET_PERMITTED = 0x1022, REQUEST = 0x1023 }; /* ARCH_*_XCOMP_* */
enum { TILECFG = 17, TILEDATA = 18, TILECFG_AT = 2752, TILEDATA_AT = 2816 };
enum { TILE_BYTES = TILE_ROWS * ROW_BYTES, STATE_BYTES = TILEDATA_AT + TILES * TILE_BYTES };
enum { EAX, EBX, ECX, EDX };
enum { /* CPUID's bits */
    AMX_BF16 = 1 << 22, AVX512_FP16 = 1 << 23, AMX_TILE = 1 << 24, AMX_INT8 = 1 << 25, /* 7.0 EDX */
    AVX_VNNI = 1 << 4, AVX512_BF16 = 1 << 5, AMX_FP16 = 1 << 21,                       /* 7.1 EAX */
    OSXSAVE = 1 << 27,                                                                 /* 1 ECX */
    AVX512_STATES = 0xe6                                                               /* XCR0 */
};
enum { PALETTES = 0x1d, MULTIPLIER = 0x1e };
static const uint64_t TILE_STATES = 1ull << TILECFG | 1ull << TILEDATA;

static bool permitted, fp16_claimed;

#ifdef AMXEMU_TEST /* not in the library that is shipped */
static bool is_absent(const char *feature) {
    const char *absent = getenv("AMXEMU_TEST_LACKS");
    return absent && !strcmp(absent, feature);
}
static bool is_simulated(void) { return getenv("AMXEMU_TEST_HAS_AMX") != NULL; }
#else
static bool is_absent(const char *feature) { return !feature; }
static bool is_simulated(void) { return false; }
#endif

bool cpu_has_amx(void) {
    uint32_t r[4] = {0};
    __get_cpuid_count(7, 0, &r[EAX], &r[EBX], &r[ECX], &r[EDX]);
    return is_simulated() || r[EDX] & AMX_TILE;
}

/* Asked of the CPU itself: compilers' own tables differ, and are filled by a later constructor. */
static const struct {
    const char *name;
    uint32_t leaf, word, bit;
} NEEDED[] = {
    {"avx512f", 7, EBX, 16},      {"avx512bw", 7, EBX, 30}, {"avx512cd", 7, EBX, 28},
    {"avx512dq", 7, EBX, 17},     {"avx512vl", 7, EBX, 31}, {"avx512_vnni", 7, ECX, 11},
    {"fma", 1, ECX, 12},          {"f16c", 1, ECX, 29},     {"bmi2", 7, EBX, 8},
};

/* Whether the kernel keeps the registers of AVX-512; XGETBV is there only with OSXSAVE. */
static bool keeps_avx512(void) {
    uint32_t r[4] = {0};
    __get_cpuid_count(1, 0, &r[EAX], &r[EBX], &r[ECX], &r[EDX]);
    return r[ECX] & OSXSAVE && (cpu_xgetbv(0) & AVX512_STATES) == AVX512_STATES;
}

const char *cpu_lacks(void) {
    for (size_t i = 0; i < sizeof NEEDED / sizeof *NEEDED; i++) {
        uint32_t r[4] = {0};
        __get_cpuid_count(NEEDED[i].leaf, 0, &r[EAX], &r[EBX], &r[ECX], &r[EDX]);
        bool there = r[NEEDED[i].word] >> NEEDED[i].bit & 1;
        if (!there || is_absent(NEEDED[i].name)) return NEEDED[i].name;
    }
    return keeps_avx512() ? NULL : "avx512f";
}

static bool claims_bf16(void) {
    uint32_t r[4] = {0};
    __get_cpuid_count(7, 1, &r[EAX], &r[EBX], &r[ECX], &r[EDX]);
    return r[EAX] & AVX512_BF16 && !is_absent("avx512bf16");
}

void cpu_claim_fp16(void) { fp16_claimed = true; }

const char *cpu_unclaimed(int operation) {
    if (operation == TDPBF16PS && !claims_bf16())
        return "TDPBF16PS, which is not claimed since this CPU lacks avx512_bf16";
    if (operation == TDPFP16PS && !fp16_claimed)
        return "TDPFP16PS, which is not claimed without AMXEMU_FP16=1";
    return NULL;
}

static void features(uint32_t subleaf, uint32_t r[4]) {
    if (subleaf == 0) {
        if (r[EAX] < 1) r[EAX] = 1;
        r[EDX] |= AVX512_FP16 | AMX_TILE | AMX_INT8 | (claims_bf16() ? AMX_BF16 : 0);
    } else if (subleaf == 1) {
        r[EAX] |= AVX_VNNI | (fp16_claimed ? AMX_FP16 : 0);
        if (!claims_bf16()) r[EAX] &= ~(uint32_t)AVX512_BF16;
    }
}

static void put(uint32_t r[4], uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx) {
    r[EAX] = eax, r[EBX] = ebx, r[ECX] = ecx, r[EDX] = edx;
}

static void state_areas(uint32_t subleaf, uint32_t r[4]) {
    if (subleaf == 0) {
        r[EAX] |= (uint32_t)TILE_STATES;
        for (int i = EBX; i <= ECX; i++)
            if (r[i] < STATE_BYTES) r[i] = STATE_BYTES;
    }
    if (subleaf == TILECFG) put(r, 64, TILECFG_AT, 2, 0);
    if (subleaf == TILEDATA) put(r, TILES * TILE_BYTES, TILEDATA_AT, 6, 0);
}

static void palettes(uint32_t subleaf, uint32_t r[4]) {
    put(r, subleaf == 0, 0, 0, 0);
    if (subleaf == 1)
        put(r, TILE_BYTES << 16 | TILES * TILE_BYTES, TILES << 16 | ROW_BYTES, TILE_ROWS, 0);
}

void cpu_id(uint32_t leaf, uint32_t subleaf, uint32_t r[4]) {
    uint32_t last = __get_cpuid_max(0, NULL);
    __cpuid_count(leaf, subleaf, r[EAX], r[EBX], r[ECX], r[EDX]);
    if (leaf > last && leaf <= MULTIPLIER) put(r, 0, 0, 0, 0); /* not Intel's: the last leaf again */
    if (leaf == 0 && last < MULTIPLIER) r[EAX] = MULTIPLIER;
    if (leaf == 7) features(subleaf, r);
    if (leaf == 0xd) state_areas(subleaf, r);
    if (leaf == PALETTES) palettes(subleaf, r);
    if (leaf == MULTIPLIER) put(r, 0, subleaf ? 0 : ROW_BYTES << 8 | TILE_ROWS, 0, 0);
}

uint64_t cpu_xgetbv(uint32_t index) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index));
    return ((uint64_t)high << 32 | low) | (index == 0 ? TILE_STATES : 0);
}

static long kernel_arch_prctl(long code, unsigned long argument) {
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(SYS_arch_prctl), "D"(code), "S"(argument)
                     : "rcx", "r11", "memory");
    return result;
}

bool cpu_arch_prctl(long code, unsigned long argument, long *result) {
    if (code == REQUEST && argument == TILEDATA) {
        permitted = true;
        *result = 0;
        return true;
    }
    if (code != GET_SUPPORTED && code != GET_PERMITTED) return false;
    *result = kernel_arch_prctl(code, argument);
    if (*result == -EINVAL && argument) { /* a kernel before 5.16 */
        *(uint64_t *)argument = cpu_xgetbv(0) & ~TILE_STATES;
        *result = 0;
    }
    if (*result == 0)
        *(uint64_t *)argument |= code == GET_SUPPORTED || permitted ? TILE_STATES : 1ull << TILECFG;
    return true;
}

bool cpu_tiles_permitted(void) { return permitted; }
