#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "say.h"
#include "signals.h"

typedef int action_function(int, const struct sigaction *, struct sigaction *);
typedef int mask_function(int, const sigset_t *, sigset_t *);

static bool working;
static struct sigaction others[NSIG]; /* of the program, for what isn't ours */

static bool is_ours(int number) { return working && (number == SIGILL || number == SIGTRAP); }

static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) say_and_end("libc lacks ", name, NULL);
    return found;
}

static int real_sigaction(int number, const struct sigaction *new, struct sigaction *old) {
    static action_function *real;
    if (!real) real = (action_function *)next("sigaction");
    return real(number, new, old);
}

static int real_mask(int how, const sigset_t *new, sigset_t *old) { /* returns the error */
    static mask_function *real;
    if (!real) real = (mask_function *)next("pthread_sigmask");
    return real(how, new, old);
}

void signals_begin(void (*on_illegal)(int, siginfo_t *, void *),
                   void (*on_breakpoint)(int, siginfo_t *, void *)) {
    struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    sigset_t both;
    /* All, those of thread cancellation, too: what interrupts ours could need the same lock. */
    memset(&ours.sa_mask, 0xff, sizeof ours.sa_mask);
    sigdelset(&ours.sa_mask, SIGSEGV), sigdelset(&ours.sa_mask, SIGBUS); /* of a tile's address */
    ours.sa_sigaction = on_illegal;
    real_sigaction(SIGILL, &ours, &others[SIGILL]);
    ours.sa_sigaction = on_breakpoint;
    real_sigaction(SIGTRAP, &ours, &others[SIGTRAP]);
    sigemptyset(&both), sigaddset(&both, SIGILL), sigaddset(&both, SIGTRAP);
    real_mask(SIG_UNBLOCK, &both, NULL);
    working = true;
}

static bool has_handler(const struct sigaction *action) {
    return action->sa_flags & SA_SIGINFO ||
           (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN);
}

bool signals_would_end(int number) { return !has_handler(&others[number]); }

/* The mask that the kernel would have set for the program's handler. */
static void set_mask(int number, const struct sigaction *action, const ucontext_t *context) {
    sigset_t mask = context->uc_sigmask;
    sigorset(&mask, &mask, &action->sa_mask);
    if (!(action->sa_flags & SA_NODEFER)) sigaddset(&mask, number);
    real_mask(SIG_SETMASK, &mask, NULL);
}

static void end_by(int number, const siginfo_t *info) {
    if (info->si_code <= 0 && others[number].sa_handler == SIG_IGN) return; /* sent, and ignored */
    real_sigaction(number, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    /* UD2 will raise it again; after a breakpoint, and for what was sent, it is to be sent. */
    if (info->si_code <= 0 || number == SIGTRAP)
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
}

void signals_pass_on(int number, siginfo_t *info, void *context) {
    struct sigaction action = others[number];
    if (!has_handler(&action)) {
        end_by(number, info);
        return;
    }
    if (action.sa_flags & (int)SA_RESETHAND) others[number] = (struct sigaction){.sa_handler = SIG_DFL};
    set_mask(number, &action, context);
    if (action.sa_flags & SA_SIGINFO)
        action.sa_sigaction(number, info, context);
    else
        action.sa_handler(number);
}

/* A blocked SIGILL would be the end of a process that only asks CPUID. */
static const sigset_t *without_ours(const sigset_t *asked, sigset_t *room) {
    if (!asked || !working) return asked;
    *room = *asked;
    sigdelset(room, SIGILL), sigdelset(room, SIGTRAP);
    return room;
}

/* In front of libc's. */
#pragma GCC visibility push(default)

int sigaction(int number, const struct sigaction *new, struct sigaction *old) {
    struct sigaction changed, before;
    if (!is_ours(number)) {
        if (!new || !working) return real_sigaction(number, new, old);
        changed = *new;
        without_ours(&new->sa_mask, &changed.sa_mask);
        return real_sigaction(number, &changed, old);
    }
    before = others[number];
    if (new) others[number] = *new;
    if (old) *old = before;
    return 0;
}

int __sigaction(int number, const struct sigaction *new, struct sigaction *old) {
    return sigaction(number, new, old);
}

static void (*set_handler(int number, void (*handler)(int), int flags))(int) {
    struct sigaction new = {.sa_handler = handler, .sa_flags = flags}, old;
    return sigaction(number, &new, &old) ? SIG_ERR : old.sa_handler;
}

void (*signal(int number, void (*handler)(int)))(int) {
    return set_handler(number, handler, SA_RESTART);
}

void (*ssignal(int number, void (*handler)(int)))(int) {
    return set_handler(number, handler, SA_RESTART);
}

void (*sysv_signal(int number, void (*handler)(int)))(int) {
    return set_handler(number, handler, (int)SA_RESETHAND | SA_NODEFER);
}

void (*__sysv_signal(int number, void (*handler)(int)))(int) {
    return set_handler(number, handler, (int)SA_RESETHAND | SA_NODEFER);
}

int pthread_sigmask(int how, const sigset_t *new, sigset_t *old) {
    sigset_t room;
    return real_mask(how, how == SIG_UNBLOCK ? new : without_ours(new, &room), old);
}

int sigprocmask(int how, const sigset_t *new, sigset_t *old) {
    int error = pthread_sigmask(how, new, old);
    if (error) errno = error;
    return error ? -1 : 0;
}
