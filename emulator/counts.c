#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "counts.h"
#include "files.h"
#include "say.h"

enum { PATH_ROOM = 4096, DIGITS = 12, KEYS_WITHOUT_MALLOC = 32 };

static char path[PATH_ROOM + DIGITS];
static size_t path_length; /* without the process' number; 0: no records */
static uint64_t totals[OPERATIONS];
static int waiting; /* threads that use tiles and have not recorded it */
static pthread_key_t key;

static void at_thread_end(void *counts) { counts_record(counts, THREAD_ENDED); }

/* Absolute, since the program may change its folder. */
static const char *keep_path(const char *asked) {
    size_t folder = 0;
    if (*asked != '/') {
        if (!getcwd(path, PATH_ROOM)) return error_name(errno);
        folder = strlen(path);
        path[folder++] = '/';
    }
    if (folder + strlen(asked) + 2 > PATH_ROOM) return "the path is too long";
    strcpy(path + folder, asked);
    path_length = folder + strlen(asked);
    path[path_length++] = '.';
    return NULL;
}

static const char *check_folder(void) {
    char *slash = strrchr(path, '/'), kept = slash[1];
    slash[1] = 0;
    int failed = access(path, W_OK | X_OK) ? errno : 0;
    slash[1] = kept;
    return failed ? error_name(failed) : NULL;
}

const char *counts_begin(const char *asked) {
    /* Setting the value of one of the first keys allocates nothing: a signal handler may. */
    if (pthread_key_create(&key, at_thread_end) || key >= KEYS_WITHOUT_MALLOC)
        return "no key for the threads' ends";
    const char *refused = asked ? keep_path(asked) : NULL;
    return refused || !asked ? refused : check_folder();
}

void counts_expect(struct counts *counts) {
    if (counts->expected) return;
    counts->expected = 1;
    pthread_setspecific(key, counts);
    __atomic_add_fetch(&waiting, 1, __ATOMIC_RELAXED);
}

/* Children of fork have a path of their own, whether or not they were announced. */
static void name_process(void) {
    static long named;
    long process = syscall(SYS_getpid);
    if (process == named) return;
    char digits[DIGITS], *at = digits + DIGITS - 1;
    *at = 0;
    for (long rest = process; rest; rest /= 10) *--at = (char)('0' + rest % 10);
    strcpy(path + path_length, at);
    named = process;
}

/* One write at the end of the file, which Linux does for one thread at a time. */
static void append(const struct record *record) {
    name_process();
    int file = files_open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW);
    if (file < 0) say_and_end("counts can't be written: ", error_name(errno), NULL);
    long written = files_write(file, record, sizeof *record);
    if (written != sizeof *record)
        say_and_end("counts can't be written: ", written < 0 ? error_name(errno) : "the disk is full", NULL);
    if (files_close(file)) say_and_end("counts can't be written: ", error_name(errno), NULL);
}

static void write_record(const struct counts *counts, enum event why) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct record record = {
        .nanoseconds = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
        .thread = (uint32_t)syscall(SYS_gettid),
        .format = RECORD_FORMAT,
        .event = (uint16_t)why};
    memcpy(record.operations, counts->operations, sizeof record.operations);
    memcpy(record.useful, counts->useful, sizeof record.useful);
    memcpy(record.possible, counts->possible, sizeof record.possible);
    append(&record);
}

static int has_any(const struct counts *counts) {
    for (int i = 0; i < OPERATIONS; i++)
        if (counts->operations[i]) return 1;
    return 0;
}

void counts_record(struct counts *counts, enum event why) {
    int saved = errno;
    if (path_length && has_any(counts)) write_record(counts, why);
    for (int i = 0; i < OPERATIONS; i++)
        if (counts->operations[i])
            __atomic_add_fetch(&totals[i], counts->operations[i], __ATOMIC_RELAXED);
    if (counts->expected) {
        pthread_setspecific(key, NULL);
        __atomic_sub_fetch(&waiting, 1, __ATOMIC_RELAXED);
    }
    memset(counts, 0, sizeof *counts);
    errno = saved;
}

const char *counts_end(struct counts *counts) {
    counts_record(counts, PROCESS_ENDED);
    int others = __atomic_load_n(&waiting, __ATOMIC_RELAXED);
    return path_length && others > 0 ? "counts are missing: threads use tiles at the process' end"
                                     : NULL;
}

void counts_forget(struct counts *counts) {
    int expected = (int)counts->expected;
    memset(counts, 0, sizeof *counts);
    memset(totals, 0, sizeof totals);
    waiting = 0;
    if (expected) counts_expect(counts);
}

void counts_totals(uint64_t operations[OPERATIONS]) {
    for (int i = 0; i < OPERATIONS; i++)
        operations[i] = __atomic_load_n(&totals[i], __ATOMIC_RELAXED);
}
