/* Reads x86-64 machine code: of AMX's instructions all, of all others the length. */
#ifndef DECODE_H
#define DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "instruction.h"

enum { LONGEST = 15 };

/* Decode the AMX instruction that is at `address`, of which `code` has a copy of `count` bytes, and
 * LONGEST + 1 that may be read. False if it is none that the emulator knows. */
bool decode_amx(const uint8_t *code, int count, uint64_t address, struct instruction *it);

/* What `code` is, if it is an instruction that an AMX processor might have and the emulator has
 * not; else NULL. */
const char *decode_name(const uint8_t *code, int count);

/* The length of the instruction at `code`, which ends before `end`; 0 if it is none. */
int decode_length(const uint8_t *code, const uint8_t *end);

/* Bytes of ModRM, SIB and displacement. */
int decode_operand_length(const uint8_t *modrm);

#endif
