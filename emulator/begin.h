/* Whether the emulator is at work, and its end. */
#ifndef BEGIN_H
#define BEGIN_H

#include <stdbool.h>

bool begin_is_working(void);

/* The process ends: record and report what there is, once. */
void begin_end(void);

#endif
