/* counted KIND: a known number of operations, for the records of AMXEMU_COUNTS. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/wait.h>

#include "tiles.h"

static void work(int m, int n, int k, int products) {
    layout l = layout_of(m, n, k);
    configure(&l);
    for (int i = 0; i < products; i++) _tile_dpbusd(0, 1, 2);
}

static void *in_thread(void *nothing) {
    work(16, 16, 16, 5); /* and it ends without TILERELEASE */
    return nothing;
}

static void *that_waits(void *nothing) {
    work(16, 16, 16, 1);
    pause();
    return nothing;
}

int main(int count, char **arguments) {
    const char *kind = count > 1 ? arguments[1] : "";
    pthread_t thread;
    layout none = {0};
    int status = 0;
    permit();
    work(8, 4, 16, 3), _tile_release();
    work(16, 16, 16, 2), configure(&none);
    work(16, 16, 8, 1);
    _tile_dpbf16ps(0, 1, 2);
    _tile_release();
    pthread_create(&thread, NULL, in_thread, NULL), pthread_join(thread, NULL);
    work(16, 16, 16, 7); /* recorded at the process' end */
    if (!strcmp(kind, "fork") && !fork()) {
        _tile_dpbusd(0, 1, 2);
        _exit(0);
    }
    if (!strcmp(kind, "fork")) wait(&status);
    if (!strcmp(kind, "vfork") && !vfork()) _exit(0);
    if (!strcmp(kind, "waits")) pthread_create(&thread, NULL, that_waits, NULL), usleep(300000);
    if (!strcmp(kind, "quick")) quick_exit(0);
    if (!strcmp(kind, "_exit")) _exit(0);
    return status;
}
