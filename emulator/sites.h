/* The CPUID and XGETBV instructions that were found, which are UD2 by now. */
#ifndef SITES_H
#define SITES_H

#include <stdint.h>

enum site { NO_SITE, CPUID_SITE, XGETBV_SITE };

enum site sites_at(const uint8_t *code);
int sites_count(void);

/* Make the instruction at `code` trap. Ends the process if that can't be. */
void sites_add(uint8_t *code, enum site kind);

/* What was in [begin, end) is unmapped: other code may come to be there. */
void sites_forget(const uint8_t *begin, const uint8_t *end);

#endif
