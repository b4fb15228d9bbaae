#include <string.h>

#include "decode.h"

enum { VEX3 = 0xc4, RIP_BASE = 5, SIB = 4, NO_INDEX = 4, NONE = -1 };
enum { NOT_R = 0x80, NOT_X = 0x40, NOT_B = 0x20 }; /* of code[1], inverted */

const char *const OPERATION_NAMES[OPERATIONS] = {
    "LDTILECFG", "STTILECFG", "TILERELEASE", "TILEZERO", "TILELOADD", "TILESTORED",
    "TDPBUUD", "TDPBUSD", "TDPBSUD", "TDPBSSD", "TDPBF16PS", "TDPFP16PS"};

static int32_t read32(const uint8_t *at) {
    int32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* Fill in the memory operand at `code[4]`, ModRM. */
static void decode_operand(const uint8_t *code, uint64_t address, struct instruction *it) {
    const uint8_t *displacement = code + 5;
    int mod = code[4] >> 6, base = code[4] & 7;
    bool sib = base == SIB;
    if (sib) {
        uint8_t byte = *displacement++;
        int index = (byte >> 3 & 7) | (code[1] & NOT_X ? 0 : 8);
        it->scale = byte >> 6;
        it->index = (int8_t)(index == NO_INDEX ? NONE : index);
        base = byte & 7;
    }
    bool absent = mod == 0 && base == RIP_BASE;
    it->base = (int8_t)(absent ? NONE : base | (code[1] & NOT_B ? 0 : 8));
    if (mod == 1) it->displacement = (int8_t)*displacement;
    if (mod == 2 || absent) it->displacement = read32(displacement);
    if (absent && !sib) it->displacement += (int64_t)(address + it->length); /* RIP's */
}

static int operation_in_memory(int prefix, int opcode, uint8_t modrm) {
    static const int8_t ROWS[] = {NONE, TILELOADD, TILESTORED, TILELOADD}; /* 1: a cache hint */
    if (opcode == 0x49 && (modrm & 0x38) == 0)
        return prefix == 0 ? LDTILECFG : prefix == 1 ? STTILECFG : NONE;
    return opcode == 0x4b && (modrm & 7) == SIB ? ROWS[prefix] : NONE;
}

static int operation_of_tiles(int prefix, int opcode, uint8_t modrm) {
    static const uint8_t INT8[] = {TDPBUUD, TDPBUSD, TDPBSUD, TDPBSSD};
    if (opcode == 0x49 && prefix == 3 && (modrm & 7) == 0) return TILEZERO;
    if (opcode == 0x49 && prefix == 0 && modrm == 0xc0) return TILERELEASE;
    if (opcode == 0x5e) return INT8[prefix];
    if (opcode == 0x5c) return prefix == 2 ? TDPBF16PS : prefix == 3 ? TDPFP16PS : NONE;
    return NONE;
}

/* The operation, if all bits that are fixed are as they must be. */
static int operation_of(const uint8_t *code) {
    int prefix = code[2] & 3, not_v = code[2] >> 3 & 15;
    bool in_memory = code[4] >> 6 != 3;
    if (code[0] != VEX3 || (code[1] & 0x1f) != 2 || code[2] & 0x84) return NONE; /* map 2, W0, L0 */
    if (!(code[1] & NOT_R)) return NONE; /* there are eight tiles */
    if (in_memory) return not_v == 15 ? operation_in_memory(prefix, code[3], code[4]) : NONE;
    int operation = operation_of_tiles(prefix, code[3], code[4]);
    bool fits = operation >= FIRST_PRODUCT ? not_v >= 8 : not_v == 15;
    return fits && code[1] & NOT_B ? operation : NONE;
}

bool decode_amx(const uint8_t *code, int count, uint64_t address, struct instruction *it) {
    int operation = count < 5 ? NONE : operation_of(code);
    if (operation == NONE) return false;
    *it = (struct instruction){
        .operation = (uint8_t)operation,
        .length = (uint8_t)(4 + decode_operand_length(code + 4)),
        .destination = code[4] >> 3 & 7,
        .left = code[4] & 7,
        .right = (uint8_t)(~code[2] >> 3 & 7),
        .base = NONE,
        .index = NONE,
    };
    if (code[4] >> 6 != 3) decode_operand(code, address, it);
    return it->length <= count;
}

static const struct { uint8_t map, prefix, opcode; const char *name; } NAMES[] = {
    {2, 3, 0x4a, "TILELOADDRS"}, {2, 1, 0x4a, "TILELOADDRST1"},
    {2, 0, 0x6c, "TCMMRLFP16PS"}, {2, 1, 0x6c, "TCMMIMFP16PS"},
    {2, 2, 0x6c, "TTDPBF16PS"}, {2, 3, 0x6c, "TTDPFP16PS"},
    {2, 0, 0x6b, "TCONJTCMMIMFP16PS"}, {2, 1, 0x6b, "TCONJTFP16"},
    {2, 2, 0x6b, "TTCMMRLFP16PS"}, {2, 3, 0x6b, "TTCMMIMFP16PS"},
    {2, 1, 0x48, "TMMULTF32PS"}, {2, 0, 0x48, "TTMMULTF32PS"},
    {2, 2, 0x5f, "TTRANSPOSED"},
    {2, 0, 0x6e, "T2RPNTLVWZ0"}, {2, 1, 0x6e, "T2RPNTLVWZ1"},
    {2, 0, 0x6f, "T2RPNTLVWZ0T1"}, {2, 1, 0x6f, "T2RPNTLVWZ1T1"},
    {5, 0, 0xf8, "T2RPNTLVWZ0RS"}, {5, 1, 0xf8, "T2RPNTLVWZ1RS"},
    {5, 0, 0xf9, "T2RPNTLVWZ0RST1"}, {5, 1, 0xf9, "T2RPNTLVWZ1RST1"},
    {5, 0, 0xfd, "TDPBF8PS"}, {5, 1, 0xfd, "TDPHF8PS"},
    {5, 2, 0xfd, "TDPHBF8PS"}, {5, 3, 0xfd, "TDPBHF8PS"},
    {2, 1, 0x50, "AVX-VNNI (claimed, as on an AMX machine)"},
    {2, 1, 0x51, "AVX-VNNI (claimed, as on an AMX machine)"},
    {2, 1, 0x52, "AVX-VNNI (claimed, as on an AMX machine)"},
    {2, 1, 0x53, "AVX-VNNI (claimed, as on an AMX machine)"},
};

static const char *name_of_vex(const uint8_t *code) {
    int map = code[1] & 0x1f, prefix = code[2] & 3, opcode = code[3];
    for (unsigned i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (NAMES[i].map == map && NAMES[i].prefix == prefix && NAMES[i].opcode == opcode)
            return NAMES[i].name;
    bool amx = map == 2 && (opcode == 0x49 || opcode == 0x4b || opcode == 0x5c || opcode == 0x5e);
    return amx ? "AMX with a prefix, or in a reserved encoding" : NULL;
}

const char *decode_name(const uint8_t *code, int count) {
    while (count > 5 && memchr("\x67\x2e\x36\x3e\x26\x64\x65", *code, 7)) code++, count--;
    if (count < 5) return NULL;
    if (code[0] == VEX3) return name_of_vex(code);
    if (code[0] != 0x62) return NULL;
    if ((code[1] & 7) == 5 || (code[1] & 7) == 6) return "AVX512-FP16 (claimed, as on an AMX machine)";
    if ((code[1] & 7) == 2 && (code[4] == 0x49 || code[4] == 0x4b)) return "AMX in APX's encoding";
    return NULL;
}
