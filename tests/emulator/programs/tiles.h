/* What the programs share: AMX's configuration in memory, and the permission to use it. */
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} layout;

/* Tile 0 += tile 1 x tile 2, which assemblers of Debian 12 do not all know. */
#define TDPFP16PS() __asm__ volatile(".byte 0xc4, 0xe2, 0x6b, 0x5c, 0xc1")

__attribute__((unused)) static layout layout_of(int m, int n, int k) {
    layout l = {.palette = 1};
    l.rows[0] = l.rows[1] = (uint8_t)m;
    l.rows[2] = (uint8_t)k;
    l.bytes[0] = l.bytes[2] = (uint16_t)(4 * n);
    l.bytes[1] = (uint16_t)(4 * k);
    return l;
}

/* GCC's own takes 8 bytes for all that LDTILECFG reads, and leaves out stores of the rest. */
__attribute__((unused)) static void configure(const layout *l) {
    __asm__ volatile("ldtilecfg %0" : : "m"(*l));
}

__attribute__((unused)) static void permit(void) {
    if (syscall(SYS_arch_prctl, 0x1023, 18)) {
        puts("no permission for tiles");
        exit(2);
    }
}
