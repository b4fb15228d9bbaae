/* refusals KIND: does what a processor or Linux refuses; prints "alive" where nothing did. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/resource.h>

#include "tiles.h"

static void use(int m, int n, int k) {
    layout l = layout_of(m, n, k);
    configure(&l);
}

static void bytes_of(const char *kind) {
#define IS(name) (!strcmp(kind, name))
    if (IS("same-tile")) __asm__ volatile(".byte 0xc4, 0xe2, 0x71, 0x5e, 0xc1");
    if (IS("fp16")) TDPFP16PS();
    if (IS("complex")) __asm__ volatile(".byte 0xc4, 0xe2, 0x69, 0x6c, 0xc1");
    if (IS("transpose")) __asm__ volatile(".byte 0xc4, 0xe2, 0x7a, 0x5f, 0xc1");
    if (IS("reserved")) __asm__ volatile(".byte 0xc4, 0xe2, 0x73, 0x49, 0xc0");
    if (IS("prefixed")) __asm__ volatile("mov %0, %%rax\n .byte 0x67, 0xc4, 0xe2, 0x78, 0x49, 0x00"
                                         : : "r"(kind) : "rax");
    if (IS("avx512-fp16")) __asm__ volatile(".byte 0x62, 0xf5, 0x7c, 0x48, 0x58, 0xc1");
    if (IS("unknown")) __asm__ volatile("ud2");
    if (IS("sent")) raise(SIGILL);
}

static void mismatch(void) {
    layout l = layout_of(16, 16, 16);
    l.rows[2] = 15;
    configure(&l);
    _tile_dpbusd(0, 1, 2);
}

static void bad_configuration(const char *kind) {
    layout l = layout_of(16, 16, 16);
    if (IS("palette")) l.palette = 2;
    if (IS("reserved-byte")) l.reserved[3] = 1;
    if (IS("too-many-rows")) l.rows[0] = 17;
    if (IS("ninth-tile")) l.rows[8] = 1, l.bytes[8] = 4;
    configure(&l);
}

static void on_alarm(int number) { /* tiles in a handler that interrupts their use */
    (void)number;
    _tile_zero(1);
}

static void interrupt(void) {
    struct sigaction action = {.sa_handler = on_alarm};
    static uint8_t a[1024];
    sigaction(SIGALRM, &action, NULL);
    ualarm(200, 200);
    for (long i = 0; i < 20000000; i++) _tile_loadd(0, a, 64);
}

int main(int count, char **arguments) {
    const char *kind = count > 1 ? arguments[1] : "";
    if (IS("no-permission")) use(16, 16, 16);
    permit();
    if (IS("no-files")) setrlimit(RLIMIT_NOFILE, &(struct rlimit){3, 3});
    if (IS("no-files")) use(16, 16, 16);
    if (IS("no-configuration")) _tile_zero(0);
    bad_configuration(kind);
    if (IS("no-rows")) _tile_zero(5);
    if (IS("mismatch")) mismatch();
    if (IS("handler")) interrupt();
    bytes_of(kind);
    puts("alive");
    return 0;
}
