/* loader PLUGIN [unmapped]: loads it 50 times, by dlopen and by dlmopen; says whether it saw tiles.
 *
 * `unmapped`: puts UD2 where its CPUID was, once it is unloaded, which must end this process. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>

#include "tiles.h"

typedef int question(void);

static question *load(const char *path, int apart, void **library) {
    *library = apart ? dlmopen(LM_ID_NEWLM, path, RTLD_NOW) : dlopen(path, RTLD_NOW);
    if (!*library) puts(dlerror()), exit(3);
    question *saw = (question *)dlsym(*library, "plugin_saw_tiles");
    question *again = (question *)dlsym(*library, "plugin_ask_again");
    if (!saw() || !again()) puts("it saw no tiles"), exit(1);
    return again;
}

/* The same bytes at the same address, but not of an object, and with the program's own UD2. */
static void run_unmapped(const char *path) {
    uint8_t code[64];
    void *library;
    uint8_t *was = (uint8_t *)load(path, 0, &library);
    memcpy(code, was, sizeof code);
    if (!memmem(code, sizeof code, "\x0f\x0b", 2)) puts("no UD2 there"), exit(3);
    dlclose(library);
    uint8_t *page = (uint8_t *)((uintptr_t)was & -4096ul);
    if (mmap(page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != page)
        puts("still mapped"), exit(3);
    memcpy(was, code, sizeof code);
    printf("answered %d\n", ((question *)was)());
}

int main(int count, char **arguments) {
    if (count > 2) return run_unmapped(arguments[1]), 0;
    for (int i = 0; i < 50; i++) {
        void *library;
        load(arguments[1], i % 10 == 9, &library);
        dlclose(library);
    }
    puts("it saw tiles");
    return 0;
}
