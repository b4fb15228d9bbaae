/* Replaces an AMX instruction by a jump to code that does the same, so that it traps only once. */
#ifndef REWRITE_H
#define REWRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "instruction.h"

/* Whether this kernel can make all threads see changed code; without, nothing is rewritten. */
bool rewrite_begin(void);
void rewrite_never(void); /* each instruction traps */

/* What is at `code`, which trapped: an instruction to emulate, which is in `it`; nothing of ours;
 * or it is, by now, rewritten and to be run again. */
enum finding { NOTHING, TO_EMULATE, RUN_AGAIN };
enum finding rewrite_find(uint8_t *code, struct instruction *it);

/* Rewrite `it`, which was found there; false if it can't be. */
bool rewrite(uint8_t *code, const struct instruction *it);

/* Whether the breakpoint before `after` was one of a rewriting that is done by now. */
bool rewrite_is_breakpoint(const uint8_t *after);

void rewrite_lock(void); /* around fork, too, so that no child has code that is half rewritten */
void rewrite_unlock(void);

/* What the new code calls. */
void rewrite_execute(const struct instruction *it, const uint64_t registers[16]);
void rewrite_refuse(void);              /* raises SIGILL ... */
extern const uint8_t rewrite_refusal[]; /* ... here */

#endif
