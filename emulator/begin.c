/* amxemu: lets a process use Intel AMX on a CPU that has AVX-512 with VNNI, but no AMX.
 *
 * Preloaded, it catches SIGILL and does what the instruction would have done. It answers CPUID and
 * XGETBV, if they are in objects' code, and arch_prctl as an AMX machine would. Objects
 * that are loaded later are found by a breakpoint where the loader notifies debuggers, which
 * is before their constructors run. What can be set, and all limits, are in README.md.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "begin.h"
#include "counts.h"
#include "cpu.h"
#include "memory.h"
#include "objects.h"
#include "process.h"
#include "rewrite.h"
#include "say.h"
#include "signals.h"
#include "sites.h"
#include "tiles.h"
#include "trap.h"
#include "version.h"

__attribute__((visibility("default"))) const char amxemu_version[] = AMXEMU_VERSION;

static bool working, reporting;
static long process; /* whose begin this was: not that of a child by vfork, which shares this */
static uint64_t interrupted; /* the signal mask while fork runs */

bool begin_is_working(void) { return working; }

static void report(void) {
    uint64_t counts[OPERATIONS];
    struct line line;
    const struct { const char *name; uint64_t value; } figures[] = {
        {AMXEMU_VERSION ": process ", (uint64_t)process}, {" traps ", trap_tiles},
        {" sites ", (uint64_t)sites_count()}, {" cpuid ", trap_identifications},
        {" unread ", (uint64_t)objects_unread()}};
    counts_totals(counts);
    line_begin(&line);
    for (unsigned i = 0; i < sizeof figures / sizeof *figures; i++)
        line_text(&line, figures[i].name), line_number(&line, figures[i].value);
    for (int i = 0; i < OPERATIONS; i++) {
        if (!counts[i]) continue;
        line_text(&line, " "), line_text(&line, OPERATION_NAMES[i]);
        line_text(&line, " "), line_number(&line, counts[i]);
    }
    line_end(&line);
}

void begin_end(void) {
    static bool ended;
    if (!working || ended || syscall(SYS_getpid) != process) return;
    ended = true;
    const char *missing = counts_end(tiles_counts());
    if (reporting) report();
    if (missing) say_and_end(missing, NULL, NULL);
}

static void before_fork(void) {
    uint64_t all = ~0ull, before;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    rewrite_lock();
    interrupted = before;
}

static void after_fork(void) {
    uint64_t before = interrupted;
    rewrite_unlock();
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
}

static void in_child(void) {
    process = syscall(SYS_getpid);
    counts_forget(tiles_counts());
    trap_tiles = trap_identifications = 0;
    after_fork();
}

static const char *setting(char **environment, const char *name) {
    size_t length = strlen(name);
    for (; *environment; environment++)
        if (!strncmp(*environment, name, length) && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

static bool is_set(char **environment, const char *name) {
    const char *value = setting(environment, name);
    if (!value || !*value || !strcmp(value, "0")) return false;
    if (strcmp(value, "1")) say_and_end(name, " must be 0 or 1", NULL);
    return true;
}

/* A slip in a name would otherwise be a setting that does nothing. */
static void check_names(char **environment) {
    static const char *const KNOWN[] = {"AMXEMU_TRAP=", "AMXEMU_REPORT=", "AMXEMU_COUNTS=",
                                        "AMXEMU_FP16=",
#ifdef AMXEMU_TEST
                                        "AMXEMU_TEST_"
#endif
    };
    for (; *environment; environment++) {
        bool known = strncmp(*environment, "AMXEMU_", 7) != 0;
        for (unsigned i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
            known |= !strncmp(*environment, KNOWN[i], strlen(KNOWN[i]));
        if (!known) say_and_end("unknown setting: ", *environment, NULL);
    }
}

static void refuse_if(const char *why, const char *more) {
    if (why) say_and_end("can't begin: ", why, more);
}

static void check_code_can_change(void) {
    if (!memory_write((void *)amxemu_version, amxemu_version, 1))
        say_and_end("can't begin: /proc/thread-self/mem can't be written: ", error_name(errno), NULL);
}

static void begin_rewriting(bool trap_each) {
    if (trap_each)
        rewrite_never();
    else if (!rewrite_begin())
        say("each instruction traps, since membarrier is refused: ", error_name(errno), NULL);
}

__attribute__((constructor)) static void begin(int count, char **arguments, char **environment) {
    (void)count, (void)arguments;
#ifdef AMXEMU_TEST
    environ = environment; /* libc has not begun, and getenv() knows nothing yet */
#endif
    check_names(environment);
    reporting = is_set(environment, "AMXEMU_REPORT");
    if (cpu_has_amx()) {
        if (reporting) say("this CPU has AMX, nothing is emulated", NULL, NULL);
        return;
    }
    refuse_if(cpu_lacks(), ", which the emulation needs, is not there");
    refuse_if(process_is_traced() ? "a debugger follows the same breakpoint" : NULL, NULL);
    check_code_can_change();
    if (is_set(environment, "AMXEMU_FP16")) cpu_claim_fp16();
    refuse_if(counts_begin(setting(environment, "AMXEMU_COUNTS")), ": AMXEMU_COUNTS");
    begin_rewriting(is_set(environment, "AMXEMU_TRAP"));
    process = syscall(SYS_getpid);
    if (pthread_atfork(before_fork, after_fork, in_child) || atexit(begin_end))
        refuse_if(error_name(ENOMEM), NULL);
    at_quick_exit(begin_end);
    signals_begin(trap_on_illegal, trap_on_breakpoint);
    working = true;
    objects_refresh();
    refuse_if(objects_begin(), NULL);
}
