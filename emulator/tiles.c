/* Configuration, loads and stores, after the operation sections of Intel's manual (SDM volume 2). */
#include <string.h>

#include "say.h"
#include "state.h"
#include "tiles.h"

enum { PALETTE = 1 };

_Thread_local struct state self __attribute__((tls_model("initial-exec"), aligned(64)));

struct counts *tiles_counts(void) { return &self.counts; }

static bool is_zero(const uint8_t *bytes, int count) {
    while (count && !*bytes) bytes++, count--;
    return !count;
}

static void forget(enum event why) {
    counts_record(&self.counts, why);
    memset(self.tiles, 0, sizeof self.tiles);
    memset(&self.now, 0, sizeof self.now);
}

static const char *configure(const struct configuration *asked) {
    struct configuration wanted = *asked;
    if (wanted.palette > PALETTE) return "a palette other than 0 and 1";
    if (wanted.palette == 0) return forget(CONFIGURED_TO_NONE), NULL;
    if (!is_zero(wanted.reserved, sizeof wanted.reserved)) return "reserved bytes set";
    for (int t = 0; t < 16; t++) {
        int rows = wanted.rows[t], bytes = wanted.column_bytes[t];
        if (t >= TILES ? rows || bytes : rows > TILE_ROWS || bytes > ROW_BYTES || !rows != !bytes)
            return "bad rows or columns";
    }
    memset(self.tiles, 0, sizeof self.tiles);
    self.now = wanted;
    counts_expect(&self.counts);
    return NULL;
}

static __mmask64 bytes_of(int t) { /* of a row of tile `t` */
    return _bzhi_u64(~0ull, self.now.column_bytes[t]);
}

/* Rows before the first one are those of an instruction that was interrupted there: they stay. */
static void load(int t, const uint8_t *from, int64_t stride) {
    tile *to = &self.tiles[t];
    int rows = self.now.rows[t];
    for (int row = self.now.start_row; row < TILE_ROWS; row++)
        to->rows[row] = row >= rows ? _mm512_setzero_si512()
                                    : _mm512_maskz_loadu_epi8(bytes_of(t), from + row * stride);
}

static void store(int t, uint8_t *to, int64_t stride) {
    for (int row = self.now.start_row; row < self.now.rows[t]; row++)
        _mm512_mask_storeu_epi8(to + row * stride, bytes_of(t), self.tiles[t].rows[row]);
}

static const char *execute_with_tiles(const struct instruction *it, uint64_t at, int64_t stride) {
    if (!self.now.palette) return "a tile is used and none is configured";
    if (!self.now.rows[it->destination]) return "a tile is used that has no rows";
    const char *refused = NULL;
    switch (it->operation) {
        case TILEZERO: memset(&self.tiles[it->destination], 0, sizeof(tile)); break;
        case TILELOADD: load(it->destination, (const uint8_t *)at, stride); break;
        case TILESTORED: store(it->destination, (uint8_t *)at, stride); break;
        default: refused = multiply(it);
    }
    self.now.start_row = 0;
    return refused;
}

static const char *execute(const struct instruction *it, const uint64_t registers[16]) {
    uint64_t at = (uint64_t)it->displacement;
    if (it->base >= 0) at += registers[it->base];
    int64_t stride = it->index >= 0 ? (int64_t)(registers[it->index] << it->scale) : 0;
    self.counts.operations[it->operation]++;
    switch (it->operation) {
        case LDTILECFG: return configure((const void *)(at + (uint64_t)stride));
        case STTILECFG: memcpy((void *)(at + (uint64_t)stride), &self.now, 64); return NULL;
        case TILERELEASE: return forget(RELEASED), NULL;
    }
    return execute_with_tiles(it, at, stride);
}

const char *tiles_execute(const struct instruction *it, const uint64_t registers[16]) {
    /* Linux keeps the tiles of what a signal interrupts; here the handler would overwrite them. */
    if (self.busy)
        say_and_end("a signal handler uses tiles, or jumped out of their use: not emulated", NULL, NULL);
    self.busy = true;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    const char *refused = execute(it, registers);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    self.busy = false;
    return refused;
}
