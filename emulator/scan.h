/* Looks for CPUID and XGETBV in the code of an object. */
#ifndef SCAN_H
#define SCAN_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

struct text { /* from the begin of the first to the end of the last segment of code */
    const uint8_t *begin, *end;
};

/* Make all of them trap. False if the object has no table of functions, or none that is known. */
bool scan_object(const struct link_map *object, struct text *text);

#endif
