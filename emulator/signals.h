/* The program's own handlers of the two signals that are ours, and the real calls. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* Take SIGILL and SIGTRAP. */
void signals_begin(void (*on_illegal)(int, siginfo_t *, void *),
                   void (*on_breakpoint)(int, siginfo_t *, void *));

/* Whether the program would let the signal end it. */
bool signals_would_end(int number);

/* Let happen what would have happened without this library. */
void signals_pass_on(int number, siginfo_t *info, void *context);

#endif
