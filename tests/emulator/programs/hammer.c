/* hammer THREADS ROUNDS [fork|mdwe|shared|cancel]: threads run the same fresh code at once, while it is rewritten.
 *
 * Each round has code of its own, at addresses used before, at an offset that lets instructions lie
 * across pages. `fork`: children are forked meanwhile, which run it too. `mdwe`: under
 * PR_SET_MDWE, with the code in a file; `shared`: with it in a file's shared pages;
 * `cancel`: each round in a thread that is cancelled meanwhile. Prints the runs, and how many gave a wrong result. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tiles.h"

enum { PAGES = 3, PAGE = 4096, MOST = 200 };
typedef void run_function(const layout *, const void *a, const void *b, void *c, long stride);

static uint8_t *code;
static int threads, rounds, products, wrong, runs;
static const char *mode = "";
static pthread_barrier_t begin, end;

static uint8_t *put(uint8_t *at, const char *bytes, int count) { return memcpy(at, bytes, count), at + count; }
#define PUT(bytes) at = put(at, bytes, sizeof(bytes) - 1)

/* The code: rdi, rsi, rdx, rcx, r8 are the arguments. */
static void make_code(uint8_t *at) {
    PUT("\xc4\xe2\x78\x49\x07");             /* ldtilecfg [rdi] */
    PUT("\xc4\xa2\x7b\x4b\x0c\x06");         /* tileloadd tmm1, [rsi + r8] */
    PUT("\xc4\xa2\x7b\x4b\x94\x02\0\0\0\0"); /* tileloadd tmm2, [rdx + r8 + 0] */
    PUT("\xc4\xe2\x7b\x49\xc0");             /* tilezero tmm0 */
    for (int i = 0; i < products; i++) PUT("\xc4\xe2\x69\x5e\xc1"); /* tdpbusd tmm0, tmm1, tmm2 */
    PUT("\xc4\xa2\x7a\x4b\x04\x01");         /* tilestored [rcx + r8], tmm0 */
    PUT("\xc4\xe2\x78\x49\xc0\xc3");         /* tilerelease, ret */
}

static void prepare_in_file(int offset, int how) {
    static uint8_t content[PAGES * PAGE];
    int file = memfd_create("code", MFD_CLOEXEC);
    make_code(content + offset);
    if (code) munmap(code, PAGES * PAGE);
    if (write(file, content, sizeof content) != sizeof content) abort();
    code = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_EXEC, how, file, 0);
    close(file);
}

static void prepare(int round) {
    int offset = PAGE - 1 - round % 700;
    products = 1 + round % MOST;
    if (!strcmp(mode, "mdwe")) return prepare_in_file(offset, MAP_PRIVATE);
    if (!strcmp(mode, "shared")) return prepare_in_file(offset, MAP_SHARED);
    if (round % 2 || !code) { /* else in place, as a JIT that uses its memory again */
        if (code) munmap(code, PAGES * PAGE);
        code = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    } else {
        if (mprotect(code, PAGES * PAGE, PROT_READ | PROT_WRITE)) abort();
    }
    make_code(code + offset);
    if (mprotect(code, PAGES * PAGE, PROT_READ | PROT_EXEC)) abort();
}

static void run_once(int round) {
    static uint8_t ones[1024];
    uint32_t c[256];
    layout l = layout_of(16, 16, 16);
    memset(ones, 1, 1024);
    ((run_function *)(code + PAGE - 1 - round % 700))(&l, ones, ones, c, 64);
    __atomic_add_fetch(&runs, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 256; i++)
        if (c[i] != 64u * (uint32_t)products) { __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED); break; }
}

static void in_child(int round) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        wrong = 0;
        run_once(round);
        exit(wrong);
    }
    if (waitpid(child, &status, 0) != child || status) __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

static void *work(void *number) {
    for (int round = 0; round < rounds; round++) {
        pthread_barrier_wait(&begin);
        run_once(round);
        if (!strcmp(mode, "fork") && !number) in_child(round);
        run_once(round);
        pthread_barrier_wait(&end);
    }
    return NULL;
}

static void *until_cancelled(void *nothing) {
    for (int round = 0;; round++) {
        prepare(round);
        run_once(round);
        pthread_testcancel();
    }
    return nothing;
}

static void cancel(void) {
    pthread_t thread;
    for (int round = 0; round < rounds; round++) {
        pthread_create(&thread, NULL, until_cancelled, NULL);
        usleep(1000 + round * 37 % 1000);
        pthread_cancel(thread);
        pthread_join(thread, NULL);
    }
    prepare(1), run_once(1);
    printf("%d wrong\n", wrong);
}

int main(int count, char **arguments) {
    pthread_t running[64];
    threads = atoi(arguments[1]), rounds = atoi(arguments[2]);
    if (count > 3) mode = arguments[3];
    if (!strcmp(mode, "mdwe") && prctl(65, 1, 0, 0, 0)) return puts("no PR_SET_MDWE"), 3;
    permit();
    if (!strcmp(mode, "cancel")) return cancel(), wrong;
    pthread_barrier_init(&begin, NULL, threads + 1), pthread_barrier_init(&end, NULL, threads + 1);
    for (intptr_t i = 0; i < threads; i++) pthread_create(&running[i], NULL, work, (void *)i);
    for (int round = 0; round < rounds; round++) {
        prepare(round);
        pthread_barrier_wait(&begin);
        pthread_barrier_wait(&end);
    }
    for (int i = 0; i < threads; i++) pthread_join(running[i], NULL);
    printf("%d runs, %d wrong\n", runs, wrong);
    return wrong != 0;
}
