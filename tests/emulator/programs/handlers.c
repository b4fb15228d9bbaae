/* handlers: what a program does with signals, and the emulator must not be disturbed by.
 *
 * Blocks all signals, in a thread and by an action's mask; has a handler of SIGILL for its own UD2,
 * on a stack of its own; gets SIGILL and SIGTRAP sent. Prints "kept" where all came out right. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

#include "tiles.h"

static sigjmp_buf back;
static volatile int illegal, trapped;
static uint8_t stack[1 << 16];

static void check(int right, const char *what) {
    if (!right) printf("FAIL %s\n", what), exit(1);
}

static void use_tiles(void) {
    layout l = layout_of(16, 16, 16);
    configure(&l);
    _tile_zero(0);
    _tile_release();
}

static void on_illegal(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    sigset_t mask;
    uint8_t *here = (uint8_t *)&mask;
    illegal++;
    check(here >= stack && here < stack + sizeof stack, "the handler's stack");
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    check(!sigismember(&mask, SIGUSR2), "the handler's mask");
    if (info->si_code > 0) siglongjmp(back, 1);
}

static void on_trap(int number) { trapped += number == SIGTRAP; }
static void on_user(int number) { (void)number; use_tiles(); }

static void *with_all_blocked(void *nothing) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    use_tiles();
    return nothing;
}

static void own_handlers(void) {
    stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = on_illegal, .sa_flags = SA_SIGINFO | SA_ONSTACK}, before;
    sigaltstack(&own, NULL);
    check(!sigaction(SIGILL, &action, &before) && before.sa_handler == SIG_DFL, "no action before");
    check(!sigaction(SIGILL, NULL, &before) && before.sa_sigaction == on_illegal, "the action");
    if (!sigsetjmp(back, 1)) __asm__ volatile("ud2");
    check(illegal == 1, "its own UD2");
    use_tiles();
    raise(SIGILL);
    check(illegal == 2, "SIGILL that was sent");
    signal(SIGTRAP, on_trap);
    __asm__ volatile("int3");
    raise(SIGTRAP);
    check(trapped == 2, "its own breakpoint");
}

int main(void) {
    pthread_t thread;
    struct sigaction action = {.sa_handler = on_user};
    permit();
    pthread_create(&thread, NULL, with_all_blocked, NULL);
    pthread_join(thread, NULL);
    sigfillset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    own_handlers();
    puts("kept");
    return 0;
}
