/* Reads and writes the process' own code through /proc, whatever the protection of its pages.
 *
 * Nothing is ever made writable and executable, no protection changes (which a program that changes
 * them, too, would race with), and an address that is not mapped is an error, not a fault. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes read, fewer than `count` if the memory ends earlier. Ends the process if none can be. */
int memory_read(uint64_t address, void *to, int count);

/* All of it or false, with errno. */
bool memory_write(void *address, const void *from, int count);

/* Several reads and writes of one thread, in between, are cheaper. */
void memory_hold(void);
void memory_let_go(void);

/* Give pages back that were only read: those of [begin, end) that still are the file's. */
void memory_give_back(const uint8_t *begin, const uint8_t *end);

#endif
