/* Thunks: the code that rewritten instructions jump to, in pools within a jump's reach. */
#ifndef POOLS_H
#define POOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "instruction.h"

/* Make a thunk for the instruction `it` at `code`; NULL if none can be made, and why. */
uint8_t *pools_make_thunk(const uint8_t *code, const struct instruction *it, const char **why);

/* Give back the thunk that was made last. */
void pools_take_back(void);

/* Whether `at` is in a pool. */
bool pools_contain(const uint8_t *at);

#endif
