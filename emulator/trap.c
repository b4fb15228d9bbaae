#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <ucontext.h>

#include "cpu.h"
#include "decode.h"
#include "memory.h"
#include "objects.h"
#include "rewrite.h"
#include "say.h"
#include "signals.h"
#include "sites.h"
#include "tiles.h"
#include "trap.h"

/* The processor's order of general registers in that of the signal's context. */
static const int REGISTERS[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

extern const uint8_t trap_return[]; /* in stub.S */
uint64_t trap_tiles, trap_identifications;

static void count(uint64_t *what) { __atomic_add_fetch(what, 1, __ATOMIC_RELAXED); }

/* Say why a process gets its signal; with the bytes, of which there may be few before a page that
 * is not mapped. */
static void refuse(const char *what, const char *why, const uint8_t *code) {
    uint8_t bytes[LONGEST];
    struct line line;
    line_begin(&line);
    line_text(&line, what);
    line_text(&line, why ? ": " : "");
    line_text(&line, why ? why : "");
    line_text(&line, " at ");
    line_hex(&line, (uintptr_t)code);
    line_text(&line, ":");
    line_bytes(&line, bytes, memory_read((uintptr_t)code, bytes, LONGEST));
    line_end(&line);
}

/* What is unknown and not AMX's may be the program's own business. */
static void refuse_unknown(const uint8_t *code) {
    uint8_t bytes[LONGEST];
    const char *name = decode_name(bytes, memory_read((uintptr_t)code, bytes, LONGEST));
    if (code == rewrite_refusal) return; /* it was said */
    if (name) refuse("not emulated", name, code);
    else if (signals_would_end(SIGILL)) refuse("not an instruction of AMX", NULL, code);
}

static const char *emulate(const struct instruction *it, greg_t *registers) {
    uint64_t values[16];
    for (int i = 0; i < 16; i++) values[i] = (uint64_t)registers[REGISTERS[i]];
    const char *refused = tiles_execute(it, values);
    if (!refused) registers[REG_RIP] += it->length;
    return refused;
}

void rewrite_execute(const struct instruction *it, const uint64_t registers[16]) {
    const char *refused = tiles_execute(it, registers);
    if (!refused) return;
    say(OPERATION_NAMES[it->operation], ": ", refused);
    rewrite_refuse();
}

static void identify(greg_t *registers) {
    uint32_t values[4];
    count(&trap_identifications);
    cpu_id((uint32_t)registers[REG_RAX], (uint32_t)registers[REG_RCX], values);
    registers[REG_RAX] = values[0];
    registers[REG_RBX] = values[1];
    registers[REG_RCX] = values[2];
    registers[REG_RDX] = values[3];
    registers[REG_RIP] += 2;
}

static void get_states(greg_t *registers) {
    uint64_t value = cpu_xgetbv((uint32_t)registers[REG_RCX]);
    registers[REG_RAX] = (uint32_t)value;
    registers[REG_RDX] = (greg_t)(value >> 32);
    registers[REG_RIP] += 3;
}

/* Whether the instruction of AMX at `code` is done, or to be run again. */
static bool handle_tiles(uint8_t *code, const struct instruction *it, greg_t *registers) {
    const char *unclaimed = cpu_unclaimed(it->operation), *refused = NULL;
    count(&trap_tiles);
    if (unclaimed) return refuse("not emulated", unclaimed, code), false;
    if (!cpu_tiles_permitted()) refused = "a tile is used without permission";
    if (!refused && rewrite(code, it)) return true;
    if (!refused) refused = emulate(it, registers);
    if (!refused) return true;
    refuse(OPERATION_NAMES[it->operation], refused, code);
    return false;
}

static bool handle(uint8_t *code, greg_t *registers) {
    struct instruction it;
    switch (sites_at(code)) {
        case CPUID_SITE: return identify(registers), true;
        case XGETBV_SITE: return get_states(registers), true;
        case NO_SITE: break;
    }
    switch (rewrite_find(code, &it)) {
        case RUN_AGAIN: return true;
        case TO_EMULATE: return handle_tiles(code, &it, registers);
        case NOTHING: break;
    }
    refuse_unknown(code);
    return false;
}

static bool was_sent(const siginfo_t *info) { return info->si_code <= 0; }

void trap_on_illegal(int number, siginfo_t *info, void *context) {
    int saved = errno;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint8_t *code = (uint8_t *)registers[REG_RIP];
    if (was_sent(info) || !handle(code, registers)) signals_pass_on(number, info, context);
    errno = saved;
}

void trap_on_breakpoint(int number, siginfo_t *info, void *context) {
    int saved = errno;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *after = (const uint8_t *)registers[REG_RIP];
    if (was_sent(info)) {
        signals_pass_on(number, info, context);
    } else if (objects_is_notice(after)) {
        objects_refresh();
        registers[REG_RIP] = (greg_t)trap_return; /* the notice only returns */
    } else if (rewrite_is_breakpoint(after)) {
        registers[REG_RIP]--;
    } else {
        signals_pass_on(number, info, context);
    }
    errno = saved;
}
