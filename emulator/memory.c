#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "files.h"
#include "memory.h"
#include "say.h"

enum { PAGE = 4096, ENTRIES = 256 };
static const char MEMORY[] = "/proc/thread-self/mem";
static const uint64_t PRESENT = 1ull << 63, OF_FILE = 1ull << 61; /* in pagemap's entries */

/* Not kept: a number kept would be the program's to close, and to use for a file of its own. "thread-
 * self", since "self" has no memory once the main thread has ended. */
static int open_own(void) { return files_open(MEMORY, O_RDWR); }

static _Thread_local int held __attribute__((tls_model("initial-exec"))); /* plus one; 0: none */

void memory_hold(void) { held = open_own() + 1; }

void memory_let_go(void) {
    if (held) files_close(held - 1);
    held = 0;
}

static int take(void) { return held ? held - 1 : open_own(); }

static void put(int file) {
    if (!held) files_close(file);
}

int memory_read(uint64_t address, void *to, int count) {
    int file = take();
    if (file < 0) say_and_end(MEMORY, " can't be opened: ", error_name(errno));
    long got = files_read(file, to, (size_t)count, address);
    put(file);
    return got < 0 ? 0 : (int)got;
}

bool memory_write(void *address, const void *from, int count) {
    int file = take();
    if (file < 0) return false;
    long written = files_write_at(file, from, (size_t)count, (uintptr_t)address);
    int why = written < 0 ? errno : EIO;
    put(file);
    errno = why;
    return written == count;
}

static bool is_clean(uint64_t entry) { return (entry & PRESENT) && (entry & OF_FILE); }

static void give_back_clean(const uint64_t *entries, int count, uintptr_t page) {
    for (int i = 0, from = 0; i <= count; i++) {
        if (i < count && is_clean(entries[i])) continue;
        if (i > from) madvise((void *)(page + (uintptr_t)from * PAGE), (size_t)(i - from) * PAGE,
                              MADV_DONTNEED);
        from = i + 1;
    }
}

void memory_give_back(const uint8_t *begin, const uint8_t *end) {
    static uint64_t entries[ENTRIES]; /* one thread at a time: the loader's lock is held */
    int file = files_open("/proc/thread-self/pagemap", O_RDONLY);
    if (file < 0) return; /* they stay, which only looks like more memory */
    for (uintptr_t page = (uintptr_t)begin & -(uintptr_t)PAGE; page < (uintptr_t)end;) {
        long got = files_read(file, entries, sizeof entries, page / PAGE * 8);
        if (got < 8) break;
        int count = (int)got / 8, wanted = (int)(((uintptr_t)end - page + PAGE - 1) / PAGE);
        if (count > wanted) count = wanted;
        give_back_clean(entries, count, page);
        page += (uintptr_t)count * PAGE;
    }
    files_close(file);
}
