#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "memory.h"
#include "say.h"
#include "sites.h"

#ifndef MAX_SITES /* tests have fewer */
enum { MAX_SITES = 4096 };
#endif
static const uint8_t UD2[] = {0x0f, 0x0b};

/* Written by who holds the loader's lock, read by any thread that traps. */
static struct { const uint8_t *code; enum site kind; } sites[MAX_SITES];
static int used; /* those after it were never used */

enum site sites_at(const uint8_t *code) {
    int count = __atomic_load_n(&used, __ATOMIC_ACQUIRE);
    for (int i = 0; i < count; i++)
        if (__atomic_load_n(&sites[i].code, __ATOMIC_ACQUIRE) == code) return sites[i].kind;
    return NO_SITE;
}

int sites_count(void) {
    int count = 0;
    for (int i = 0; i < used; i++) count += sites[i].code != NULL;
    return count;
}

static int free_place(void) {
    int i = 0;
    while (i < used && sites[i].code) i++;
    if (i == MAX_SITES) say_and_end("more CPUID instructions than there is room for", NULL, NULL);
    return i;
}

void sites_add(uint8_t *code, enum site kind) {
    int i = free_place();
    sites[i].kind = kind;
    __atomic_store_n(&sites[i].code, code, __ATOMIC_RELEASE);
    if (i == used) __atomic_store_n(&used, i + 1, __ATOMIC_RELEASE);
    if (!memory_write(code, UD2, sizeof UD2))
        say_and_end("a CPUID instruction can't be made to trap: ", error_name(errno), NULL);
}

void sites_forget(const uint8_t *begin, const uint8_t *end) {
    for (int i = 0; i < used; i++)
        if (sites[i].code >= begin && sites[i].code < end)
            __atomic_store_n(&sites[i].code, NULL, __ATOMIC_RELEASE);
}
