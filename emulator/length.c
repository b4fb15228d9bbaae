/* The length of an instruction needs no more than the opcode's shape: prefixes, whether a ModRM
 * follows, and how many bytes of immediate. */
#include <string.h>

#include "decode.h"

enum { RIP_BASE = 5, SIB = 4, WRONG = -100 }; /* WRONG: no sum with it is a length */

int decode_operand_length(const uint8_t *modrm) {
    int mod = *modrm >> 6, rm = *modrm & 7, length = 1;
    if (mod == 3) return 1;
    if (rm == SIB) {
        length++;
        if (mod == 0 && (modrm[1] & 7) == RIP_BASE) return length + 4;
    } else if (mod == 0 && rm == RIP_BASE) {
        return length + 4;
    }
    return length + (mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

static bool is_among(uint8_t byte, const char *bytes, unsigned long count) {
    return memchr(bytes, byte, count) != NULL;
}
#define IS_AMONG(byte, bytes) is_among(byte, bytes, sizeof(bytes) - 1)

/* Whether an opcode of map 1 (after 0F) stands alone. */
static bool has_no_modrm_0f(uint8_t op) {
    return op == 0x77 || (op >= 0x30 && op <= 0x37) || (op >= 0xc8 && op <= 0xcf) ||
           IS_AMONG(op, "\x05\x06\x07\x08\x09\x0b\x0e\xa0\xa1\xa2\xa8\xa9\xaa");
}

static bool has_imm8_0f(uint8_t op) {
    return (op >= 0x70 && op <= 0x73) || IS_AMONG(op, "\x0f\xa4\xac\xba\xc2\xc4\xc5\xc6");
}

/* From the opcode on, of a VEX or EVEX instruction of opcode map `map`. */
static int length_of_vector(const uint8_t *opcode, int map) {
    if (map == 0 || map > 6) return WRONG;
    if (map == 1 && *opcode == 0x77) return 1; /* VZEROUPPER */
    int immediate = map == 3 || (map == 1 && has_imm8_0f(*opcode));
    return 1 + decode_operand_length(opcode + 1) + immediate;
}

/* From the opcode on, of AMD's XOP. */
static int length_of_xop(const uint8_t *opcode, int map) {
    int immediate = map == 8 ? 1 : map == 10 ? 4 : 0;
    return map > 10 ? WRONG : 1 + decode_operand_length(opcode + 1) + immediate;
}

static bool is_undefined_0f(uint8_t op) {
    return IS_AMONG(op, "\x04\x0a\x0c\x24\x25\x26\x27\x36\x39\x3b\x3c\x3d\x3e\x3f\xa6\xa7");
}

static int length_of_0f(const uint8_t *at, bool extracts) { /* from the byte after 0F on */
    if (*at == 0x38) return 2 + decode_operand_length(at + 2);
    if (*at == 0x3a) return 3 + decode_operand_length(at + 2);
    if (*at >= 0x80 && *at <= 0x8f) return 5;
    if (*at >= 0x20 && *at <= 0x23) return 2; /* moves of control registers: never memory */
    if (is_undefined_0f(*at)) return WRONG;
    if (has_no_modrm_0f(*at)) return 1;
    if (*at == 0x78 && extracts) return 1 + decode_operand_length(at + 1) + 2; /* SSE4a */
    return 1 + decode_operand_length(at + 1) + has_imm8_0f(*at);
}

struct prefixes { bool is_16_bit, is_64_bit, short_address, repeats; };

/* Opcodes of one byte with a ModRM, and what follows it. */
static int length_with_operand(const uint8_t *at, int word) {
    int operand = 1 + decode_operand_length(at + 1);
    uint8_t op = *at;
    if (op < 0x40 || (op >= 0x84 && op <= 0x8f) || (op >= 0xd8 && op <= 0xdf)) return operand;
    if (IS_AMONG(op, "\x63\xd0\xd1\xd2\xd3\xfe\xff")) return operand;
    if (IS_AMONG(op, "\x6b\x80\x83\xc0\xc1\xc6")) return operand + 1;
    if (IS_AMONG(op, "\x69\x81\xc7")) return operand + word;
    int tests = (at[1] & 0x30) == 0;
    return operand + (op == 0xf6 ? tests : tests * word);
}

static bool has_operand(uint8_t op) {
    if (op < 0x40) return (op & 7) < 4;
    if ((op >= 0x84 && op <= 0x8f) || (op >= 0xd8 && op <= 0xdf)) return true;
    return IS_AMONG(op, "\x63\x69\x6b\x80\x81\x83\xc0\xc1\xc6\xc7\xd0\xd1\xd2\xd3\xf6\xf7\xfe\xff");
}

static int length_of_plain(const uint8_t *at, const struct prefixes *with) {
    uint8_t op = *at;
    int word = with->is_16_bit && !with->is_64_bit ? 2 : 4;
    if (IS_AMONG(op, "\x60\x61\x62\x82\x9a\xce\xd4\xd5\xd6\xea")) return WRONG;
    if (has_operand(op)) return length_with_operand(at, word);
    if (op < 0x40) return (op & 7) == 4 ? 2 : (op & 7) == 5 ? 1 + word : WRONG;
    if (op >= 0xa0 && op <= 0xa3) return with->short_address ? 5 : 9;
    if (op >= 0xb8 && op <= 0xbf) return with->is_64_bit ? 9 : 1 + word;
    if ((op >= 0x70 && op <= 0x7f) || (op >= 0xb0 && op <= 0xb7) || (op >= 0xe0 && op <= 0xe7))
        return 2;
    if (IS_AMONG(op, "\x6a\xa8\xcd\xeb")) return 2;
    if (IS_AMONG(op, "\x68\xa9")) return 1 + word;
    if (IS_AMONG(op, "\xe8\xe9")) return 5;
    if (IS_AMONG(op, "\xc2\xca")) return 3;
    return op == 0xc8 ? 4 : 1;
}

static int length_after_prefixes(const uint8_t *at, const struct prefixes *with) {
    switch (*at) {
        case 0xc5: return 2 + length_of_vector(at + 2, 1);
        case 0xc4: return 3 + length_of_vector(at + 3, at[1] & 0x1f);
        case 0x62: return 4 + length_of_vector(at + 4, at[1] & 7);
        case 0x0f: return 1 + length_of_0f(at + 1, with->is_16_bit || with->repeats);
        case 0x8f:
            if ((at[1] & 0x1f) >= 8) return 3 + length_of_xop(at + 3, at[1] & 0x1f);
    }
    return length_of_plain(at, with);
}

static bool is_prefix(uint8_t byte) {
    return (byte & 0xf0) == 0x40 || IS_AMONG(byte, "\x66\x67\xf0\xf2\xf3\x2e\x36\x3e\x26\x64\x65");
}

static int length_of(const uint8_t *code) {
    struct prefixes with = {0};
    const uint8_t *at = code;
    for (; is_prefix(*at); at++) {
        with.is_16_bit |= *at == 0x66;
        with.short_address |= *at == 0x67;
        with.repeats |= *at == 0xf2;
        with.is_64_bit = (*at & 0xf8) == 0x48; /* REX counts only right before the opcode */
        if (at - code >= LONGEST - 1) return 0;
    }
    int length = (int)(at - code) + length_after_prefixes(at, &with);
    return length > 0 && length <= LONGEST ? length : 0;
}

int decode_length(const uint8_t *code, const uint8_t *end) {
    uint8_t copy[2 * LONGEST + 2] = {0}; /* so much is looked at, whatever comes of it */
    if (end - code >= (long)sizeof copy) return length_of(code);
    memcpy(copy, code, (size_t)(end - code));
    int length = length_of(copy);
    return length <= end - code ? length : 0;
}
