/* The tile state of each thread, which a signal handler may touch: a preloaded library has its
 * thread-local variables in the block that each thread gets when it starts. */
#ifndef STATE_H
#define STATE_H

#include <immintrin.h>
#include <stdbool.h>

#include "counts.h"
#include "instruction.h"

struct configuration { /* as in memory */
    uint8_t palette, start_row, reserved[14];
    uint16_t column_bytes[16];
    uint8_t rows[16];
};
_Static_assert(sizeof(struct configuration) == 64, "LDTILECFG reads 64 bytes");

typedef union {
    uint8_t bytes[TILE_ROWS][ROW_BYTES];
    uint32_t dwords[TILE_ROWS][ROW_BYTES / 4];
    __m512i rows[TILE_ROWS];
} tile;

/* Bytes of a tile outside its configured rows and columns are always zero. */
struct state {
    tile tiles[TILES];
    struct configuration now; /* palette 0: not configured */
    struct counts counts;
    bool busy;
};

extern _Thread_local struct state self __attribute__((tls_model("initial-exec"), aligned(64)));

/* Multiply as the product `it` says; why the processor would refuse, or NULL. */
const char *multiply(const struct instruction *it);

#endif
