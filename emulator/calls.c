/* Calls of libc that ask the kernel of AMX, or end the process before its exit handlers. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "begin.h"
#include "cpu.h"

static long of_kernel(long number, const long a[6]) {
    long result;
    register long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static long with_errno(long result) {
    if (result >= 0 || result < -4095) return result;
    errno = (int)-result;
    return -1;
}

#pragma GCC visibility push(default)

long syscall(long number, ...) {
    long a[6], result;
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    bool ours = begin_is_working() && number == SYS_arch_prctl;
    if (!ours || !cpu_arch_prctl(a[0], (unsigned long)a[1], &result)) result = of_kernel(number, a);
    return with_errno(result);
}

int arch_prctl(int code, unsigned long argument) {
    return (int)syscall(SYS_arch_prctl, (long)code, argument);
}

void _exit(int status) {
    begin_end();
    for (;;) of_kernel(SYS_exit_group, (const long[6]){status});
}

void _Exit(int status) { _exit(status); }
