/* Follows what the loader loads and unloads. */
#ifndef OBJECTS_H
#define OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

/* Let the loader's function for debuggers trap from now on; why that can't be, or NULL. */
const char *objects_begin(void);

/* Whether it is that function that trapped, by a breakpoint before `after`. */
bool objects_is_notice(const uint8_t *after);

/* Scan the objects that are new, forget those that are gone. Allocates nothing: it is called from
 * a signal handler, under the loader's lock. */
void objects_refresh(void);

/* Objects whose code was not scanned. */
int objects_unread(void);

#endif
