/* One decoded instruction of Intel AMX, and the numbers that are fixed by the first palette. */
#ifndef INSTRUCTION_H
#define INSTRUCTION_H

#include <stdint.h>

enum { TILES = 8, TILE_ROWS = 16, ROW_BYTES = 64 };

enum operation {
    LDTILECFG, STTILECFG, TILERELEASE, TILEZERO, TILELOADD, TILESTORED,
    TDPBUUD, TDPBUSD, TDPBSUD, TDPBSSD, TDPBF16PS, TDPFP16PS, OPERATIONS
};
enum { FIRST_PRODUCT = TDPBUUD, PRODUCTS = OPERATIONS - FIRST_PRODUCT };

/* A memory operand is displacement + base + (index << scale), of which a tile's loads and stores
 * take the last part as the distance between rows; -1 stands for no register. */
struct instruction {
    uint8_t operation, length;
    uint8_t destination, left, right;
    int8_t base, index;
    uint8_t scale;
    int64_t displacement;
};

extern const char *const OPERATION_NAMES[OPERATIONS];

#endif
