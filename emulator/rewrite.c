/* AMX's instructions are 5 bytes long or longer, as is a jump. Each jumps to a thunk of its own,
 * which calls the emulation with all registers saved. README.md argues why that is right while
 * other threads run the same code: the order is that of Linux's text_poke, a breakpoint on the
 * first byte, then the other bytes, then the first; between these steps all cores are made to drop
 * what they have decoded. Who hits the breakpoint waits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "decode.h"
#include "memory.h"
#include "pools.h"
#include "rewrite.h"
#include "say.h"

enum { JUMP_LENGTH = 5, BREAKPOINT = 0xcc, JUMP = 0xe9 };
enum { SPINS = 1000, PATIENCE = 30000 }; /* then milliseconds: a forked child may wait for nobody */

static volatile char locked;
static bool rewriting;

static bool sync_cores(void) {
    const int register_it = MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
    const int sync = MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE;
    if (!syscall(SYS_membarrier, sync, 0, 0)) return true;
    return !syscall(SYS_membarrier, register_it, 0, 0) && !syscall(SYS_membarrier, sync, 0, 0);
}

bool rewrite_begin(void) { return rewriting = sync_cores(); }
void rewrite_never(void) { rewriting = false; }

void rewrite_lock(void) {
    for (int i = 0; __atomic_test_and_set(&locked, __ATOMIC_ACQUIRE); i++) {
        __builtin_ia32_pause();
        if (i < SPINS) continue;
        syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = 1000000}, NULL); /* cancels nothing */
        if (i > SPINS + PATIENCE) say_and_end("a thread that rewrote code is gone", NULL, NULL);
    }
}

void rewrite_unlock(void) { __atomic_clear(&locked, __ATOMIC_RELEASE); }

static bool is_our_jump(const uint8_t *bytes, uint64_t address) {
    int32_t distance;
    memcpy(&distance, bytes + 1, sizeof distance);
    uint64_t target = address + JUMP_LENGTH + (uint64_t)(int64_t)distance;
    return bytes[0] == JUMP && pools_contain((const uint8_t *)(uintptr_t)target);
}

enum finding rewrite_find(uint8_t *code, struct instruction *it) {
    uint8_t bytes[2 * LONGEST + 2] = {0};
    uint64_t address = (uintptr_t)code;
    rewrite_lock(); /* else it might be read half rewritten */
    int count = memory_read(address, bytes, LONGEST);
    bool jumps = count >= JUMP_LENGTH && is_our_jump(bytes, address);
    rewrite_unlock();
    if (jumps) return RUN_AGAIN;
    return decode_amx(bytes, count, address, it) ? TO_EMULATE : NOTHING;
}

static void must(bool done) {
    if (!done) say_and_end("code is half rewritten, and can't be whole again", NULL, NULL);
}

static void say_once(const char *why) {
    static bool said;
    if (!said) say("not all instructions are rewritten, some trap each time: ", why, NULL);
    said = true;
}

static bool replace(uint8_t *code, const struct instruction *it) {
    const uint8_t breakpoint = BREAKPOINT, jump = JUMP;
    const char *why;
    uint8_t *thunk = pools_make_thunk(code, it, &why);
    if (!thunk) return say_once(why), false;
    if (!memory_write(code, &breakpoint, 1)) {
        pools_take_back();
        return say_once(error_name(errno)), false;
    }
    must(sync_cores());
    int32_t distance = (int32_t)(thunk - (code + JUMP_LENGTH));
    must(memory_write(code + 1, &distance, sizeof distance));
    must(sync_cores());
    must(memory_write(code, &jump, 1)); /* who sees the breakpoint, still, finds the jump */
    return true;
}

/* Whether `it` is what is at `code`, still. */
static bool is_there(const uint8_t *code, const struct instruction *it) {
    uint8_t bytes[2 * LONGEST + 2] = {0};
    struct instruction now;
    int count = memory_read((uintptr_t)code, bytes, LONGEST);
    return decode_amx(bytes, count, (uintptr_t)code, &now) && !memcmp(&now, it, sizeof now);
}

bool rewrite(uint8_t *code, const struct instruction *it) {
    if (!rewriting) return false;
    rewrite_lock();
    memory_hold();
    bool done = !is_there(code, it) || replace(code, it); /* not there: another thread did it */
    memory_let_go();
    rewrite_unlock();
    return done;
}

bool rewrite_is_breakpoint(const uint8_t *after) {
    uint8_t bytes[JUMP_LENGTH];
    uint64_t address = (uintptr_t)after - 1;
    rewrite_lock();
    int count = memory_read(address, bytes, sizeof bytes);
    bool jumps = count == sizeof bytes && is_our_jump(bytes, address);
    rewrite_unlock();
    return jumps;
}
