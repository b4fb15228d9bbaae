/* guarded: uses a tile where hardly any stack is left. What needs more must meet the guard page, and
 * leave alone what is below it. Prints "guarded". */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>

#include "tiles.h"

enum { PAGE = 4096, LEFT = 256, CANARY = 0x5a };
static uint8_t *below; /* then the guard page, then the stack */
static uint8_t other_stack[1 << 16];

static void on_fault(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    uint8_t *at = info->si_addr;
    int met = at >= below + PAGE && at < below + 2 * PAGE;
    for (int i = 0; i < PAGE; i++) met &= below[i] == CANARY;
    puts(met ? "guarded" : "FAIL: another fault, or the page below was written");
    exit(!met);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t other = {.ss_sp = other_stack, .ss_size = sizeof other_stack};
    layout l = layout_of(16, 16, 16);
    below = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(below, CANARY, PAGE);
    mprotect(below + PAGE, PAGE, PROT_NONE);
    sigaltstack(&other, NULL), sigaction(SIGSEGV, &action, NULL);
    permit();
    configure(&l);
    __asm__ volatile("mov %%rsp, %%rbx\n mov %0, %%rsp\n tilezero %%tmm0\n mov %%rbx, %%rsp"
                     : : "r"(below + 2 * PAGE + LEFT) : "rbx", "memory");
    puts("FAIL: there was no fault");
    return 1;
}
