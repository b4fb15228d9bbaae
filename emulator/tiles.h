/* What AMX's instructions do to the tiles of a thread. */
#ifndef TILES_H
#define TILES_H

#include "counts.h"
#include "instruction.h"

/* Do what `it` says, with the general registers as the processor numbers them. Returns why the
 * processor would refuse (#UD, #GP), or NULL. */
const char *tiles_execute(const struct instruction *it, const uint64_t registers[16]);

/* Of this thread. */
struct counts *tiles_counts(void);

#endif
