#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "memory.h"
#include "pools.h"
#include "process.h"
#include "say.h"

enum { PAGE = 4096, STEP = 1 << 24, JUMP = 0xe9 };
#ifndef MAX_POOLS /* tests have fewer, and smaller ones */
enum { MAX_POOLS = 64, POOL = 1 << 22 };
#else
enum { POOL = PAGE };
#endif
static const int64_t REACH = 0x7ff00000 - POOL; /* from code to a pool's begin; README.md */

void rewrite_stub(void); /* in stub.S */

static const uint8_t THUNK[] = {
    0x48, 0x8d, 0x64, 0x24, 0x80,                         /* lea rsp, [rsp - 128] */
    0x50,                                                 /* push rax */
    0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0,                   /* mov rax, the instruction */
    0xff, 0x15, 0, 0, 0, 0,                               /* call [the pool's begin] */
    0x58,                                                 /* pop rax */
    0x48, 0x8d, 0xa4, 0x24, 0x80, 0, 0, 0,                /* lea rsp, [rsp + 128] */
    JUMP, 0, 0, 0, 0,                                     /* jmp back */
};
enum { AT_INSTRUCTION = 8, AT_CALL = 18, AT_BACK = 32, THUNK_ROOM = 40, HEAD = 64 };

struct kept { /* what a pool has of each instruction */
    struct instruction it;
    uint8_t thunk[THUNK_ROOM];
};
_Static_assert(sizeof THUNK <= THUNK_ROOM && sizeof(struct kept) == 56, "pools.c counts on it");

struct pool { /* begins with the stub's address */
    uint8_t *begin, *next;
};
static struct pool pools[MAX_POOLS], *last;
static int pool_count;

static bool reaches(const uint8_t *from, const uint8_t *to) {
    int64_t distance = to - from;
    return distance > -REACH && distance < REACH;
}

static bool map_pool_at(struct pool *pool, uint8_t *wanted, const uint8_t *near) {
    errno = 0;
    uint8_t *got = mmap(wanted, POOL, PROT_READ | PROT_EXEC,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == MAP_FAILED) return false;
    const void *stub = (const void *)rewrite_stub;
    if (!reaches(near, got) || !memory_write(got, &stub, sizeof stub)) {
        munmap(got, POOL);
        return false;
    }
    *pool = (struct pool){got, got + HEAD};
    return true;
}

static bool map_pool(struct pool *pool, const uint8_t *near) {
    uintptr_t page = (uintptr_t)near & -(uintptr_t)PAGE;
    for (int64_t distance = STEP; distance < REACH; distance += STEP)
        for (int side = -1; side <= 1; side += 2) {
            if (side < 0 && (uint64_t)distance > page) continue;
            if (map_pool_at(pool, (uint8_t *)page + side * distance, near)) return true;
            if (errno == EACCES || errno == EPERM) return false; /* so it is elsewhere */
        }
    return false;
}

static struct pool *pool_near(const uint8_t *code, const char **why) {
    for (int i = 0; i < pool_count; i++)
        if (reaches(code, pools[i].begin) &&
            pools[i].next + sizeof(struct kept) <= pools[i].begin + POOL)
            return &pools[i];
    *why = "all pools of thunks are full";
    if (pool_count == MAX_POOLS) return NULL;
    *why = "no room for a pool within a jump's reach";
    if (map_pool(&pools[pool_count], code)) return &pools[pool_count++];
    if (errno == EACCES || errno == EPERM) *why = process_refuses_code();
    return NULL;
}

static void put_distance(uint8_t *at, const uint8_t *from, const uint8_t *to) {
    int32_t distance = (int32_t)(to - from);
    memcpy(at, &distance, 4);
}

uint8_t *pools_make_thunk(const uint8_t *code, const struct instruction *it, const char **why) {
    last = pool_near(code, why);
    if (!last) return NULL;
    struct kept *place = (void *)last->next, made = {.it = *it};
    const struct instruction *instruction = &place->it;
    memcpy(made.thunk, THUNK, sizeof THUNK);
    memcpy(made.thunk + AT_INSTRUCTION, &instruction, 8);
    put_distance(made.thunk + AT_CALL, place->thunk + AT_CALL + 4, last->begin);
    put_distance(made.thunk + AT_BACK, place->thunk + AT_BACK + 4, code + it->length);
    *why = "a thunk can't be written";
    if (!memory_write(place, &made, sizeof made)) return NULL;
    last->next += sizeof made;
    return place->thunk;
}

void pools_take_back(void) { last->next -= sizeof(struct kept); }

bool pools_contain(const uint8_t *at) {
    for (int i = 0; i < pool_count; i++)
        if (at >= pools[i].begin && at < pools[i].begin + POOL) return true;
    return false;
}
