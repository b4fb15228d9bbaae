#define _GNU_SOURCE
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "memory.h"
#include "objects.h"
#include "say.h"
#include "scan.h"
#include "sites.h"

#ifndef MAX_OBJECTS /* tests have fewer */
enum { MAX_OBJECTS = 4096 };
#endif

struct object {
    const struct link_map *map;
    ElfW(Addr) address;
    const void *dynamic;
    struct text text;
    bool seen;
};
static struct object known[MAX_OBJECTS];
static int known_count, unread;

const char *objects_begin(void) {
    static const uint8_t RETURN[] = {0xc3}, MARKED_RETURN[] = {0xf3, 0x0f, 0x1e, 0xfa, 0xc3};
    static const uint8_t BREAKPOINT[] = {0xcc}; /* one byte: what follows is not known */
    uint8_t *function = (uint8_t *)_r_debug.r_brk, bytes[5];
    if (memory_read((uintptr_t)function, bytes, sizeof bytes) != sizeof bytes ||
        (memcmp(bytes, RETURN, 1) && memcmp(bytes, MARKED_RETURN, 5)))
        return "the loader's function for debuggers is not one that only returns";
    return memory_write(function, BREAKPOINT, 1) ? NULL : "the loader can't be followed";
}

bool objects_is_notice(const uint8_t *after) { return after - 1 == (uint8_t *)_r_debug.r_brk; }

static bool is_at(const struct link_map *object, ElfW(Addr) address) { /* 0: there is none */
    return address && object->l_addr == address;
}

/* This library really asks; the kernel's object can't be written; the loader asked long ago. */
static bool is_left_alone(const struct link_map *object) {
    return object->l_ld == _DYNAMIC || is_at(object, getauxval(AT_SYSINFO_EHDR)) ||
           is_at(object, getauxval(AT_BASE)) || strstr(object->l_name, "/ld-linux");
}

static struct object *find(const struct link_map *map) {
    for (int i = 0; i < known_count; i++)
        if (known[i].map == map && known[i].address == map->l_addr && known[i].dynamic == map->l_ld)
            return &known[i];
    return NULL;
}

static void add(const struct link_map *map) {
    if (known_count == MAX_OBJECTS)
        say_and_end("more objects are loaded than there is room for", NULL, NULL);
    struct object *new = &known[known_count++];
    *new = (struct object){.map = map, .address = map->l_addr, .dynamic = map->l_ld};
    if (!is_left_alone(map)) unread += !scan_object(map, &new->text);
}

static void forget_unseen(void) {
    int kept = 0;
    for (int i = 0; i < known_count; i++)
        if (known[i].seen)
            known[kept++] = known[i];
        else
            sites_forget(known[i].text.begin, known[i].text.end);
    known_count = kept;
}

/* All namespaces, since dlmopen's have the same notice. */
static const struct r_debug_extended *next_of(const struct r_debug_extended *space) {
    return _r_debug.r_version > 1 ? space->r_next : NULL;
}

static bool is_consistent(const struct r_debug_extended *space) {
    for (; space; space = next_of(space))
        if (space->base.r_state != RT_CONSISTENT) return false; /* another notice comes */
    return true;
}

void objects_refresh(void) {
    const struct r_debug_extended *spaces = (const void *)&_r_debug;
    if (!is_consistent(spaces)) return;
    for (int i = 0; i < known_count; i++) known[i].seen = false;
    for (const struct r_debug_extended *space = spaces; space; space = next_of(space))
        for (const struct link_map *map = space->base.r_map; map; map = map->l_next) {
            struct object *found = find(map);
            if (found) found->seen = true;
        }
    forget_unseen(); /* first: what is new may have its address */
    for (const struct r_debug_extended *space = spaces; space; space = next_of(space))
        for (const struct link_map *map = space->base.r_map; map; map = map->l_next)
            if (!find(map)) add(map);
}

int objects_unread(void) { return unread; }
