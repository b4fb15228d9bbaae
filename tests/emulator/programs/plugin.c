/* A library whose constructor asks CPUID for tiles, and which has a trap of its own. */
#include <cpuid.h>

unsigned plugin_asked; /* with -fno-pic, its address is written into the code */

__attribute__((constructor)) static void ask(void) {
    unsigned a, b, c;
    __cpuid_count(7, 0, a, b, c, plugin_asked);
}

int plugin_saw_tiles(void) { return plugin_asked >> 24 & 1; }

__attribute__((noinline)) int plugin_ask_again(void) {
    unsigned a, b, c, d;
    __cpuid_count(7, 0, a, b, c, d);
    return d >> 24 & 1;
}
