/* What Linux says of this process. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>

/* Whether a debugger, or strace, holds it. */
bool process_is_traced(void);

/* Which policy is it that lets no code be made. */
const char *process_refuses_code(void);

#endif
