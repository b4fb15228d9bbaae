/* Prints what CPUID, XGETBV and arch_prctl answer, in hexadecimal, by names. */
#define _GNU_SOURCE
#include <cpuid.h>

#include "tiles.h"

static void leaf(unsigned number, unsigned sub) {
    unsigned a, b, c, d;
    __cpuid_count(number, sub, a, b, c, d);
    printf("cpuid %x.%x %x %x %x %x\n", number, sub, a, b, c, d);
}

int main(void) {
    unsigned low, high;
    unsigned long mask = 0;
    leaf(0, 0), leaf(7, 0), leaf(7, 1), leaf(0xd, 0), leaf(0xd, 17), leaf(0xd, 18);
    leaf(0x1d, 0), leaf(0x1d, 1), leaf(0x1e, 0), leaf(0x1c, 0), leaf(0x80000000, 0);
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    printf("xgetbv %x %x\n", low, high);
    syscall(SYS_arch_prctl, 0x1021, &mask), printf("supported %lx\n", mask);
    syscall(SYS_arch_prctl, 0x1022, &mask), printf("before %lx\n", mask);
    permit();
    syscall(SYS_arch_prctl, 0x1022, &mask), printf("after %lx\n", mask);
    return 0;
}
