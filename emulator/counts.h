/* Counts of what was done, and the records of them that AMXEMU_COUNTS asks for. */
#ifndef COUNTS_H
#define COUNTS_H

#include <stdint.h>

#include "instruction.h"

enum event { RELEASED = 1, CONFIGURED_TO_NONE, THREAD_ENDED, PROCESS_ENDED };
enum { RECORD_FORMAT = 1 };

/* Of one thread, since its last record. Of products also multiply-accumulates: those that the
 * tiles' configured rows, columns and depth have, and those of tiles that are full. */
struct counts {
    uint64_t operations[OPERATIONS]; /* in the order of enum operation */
    uint64_t useful[PRODUCTS], possible[PRODUCTS];
    uint32_t expected; /* whether the thread's end makes a record */
};

/* A record of a file: fixed size, little-endian, no padding. README.md has it as a table. */
struct record {
    uint64_t nanoseconds; /* CLOCK_REALTIME */
    uint32_t thread;      /* gettid() */
    uint16_t format, event;
    uint64_t operations[OPERATIONS];
    uint64_t useful[PRODUCTS], possible[PRODUCTS];
};
_Static_assert(sizeof(struct record) == 208, "README.md and its readers know this size");

/* Write records to `path`.<pid> from now on; why that can't be, or NULL. */
const char *counts_begin(const char *path);

/* A thread begins to use tiles. */
void counts_expect(struct counts *counts);

/* Record and forget. Ends the process if it can't be written. */
void counts_record(struct counts *counts, enum event why);

/* Record at the process' end. Returns what is missing, or NULL. */
const char *counts_end(struct counts *counts);

void counts_forget(struct counts *counts);           /* in a forked child */
void counts_totals(uint64_t operations[OPERATIONS]); /* of all threads that are done */

#endif
