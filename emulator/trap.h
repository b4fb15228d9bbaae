/* What is done when an instruction traps. */
#ifndef TRAP_H
#define TRAP_H

#include <signal.h>
#include <stdint.h>

void trap_on_illegal(int number, siginfo_t *info, void *context);
void trap_on_breakpoint(int number, siginfo_t *info, void *context);

extern uint64_t trap_tiles, trap_identifications; /* how often */

#endif
