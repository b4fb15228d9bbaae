/* What this CPU would say of itself if it had AMX. */
#ifndef CPU_H
#define CPU_H

#include <stdbool.h>
#include <stdint.h>

/* Whether this CPU has tiles itself. */
bool cpu_has_amx(void);

/* The first feature that the emulation needs and this CPU, or its kernel, lacks; or NULL. */
const char *cpu_lacks(void);

/* Claim TDPFP16PS, too. */
void cpu_claim_fp16(void);

/* Why `operation` is not claimed to be there, or NULL. */
const char *cpu_unclaimed(int operation);

void cpu_id(uint32_t leaf, uint32_t subleaf, uint32_t registers[4]); /* EAX, EBX, ECX, EDX */
uint64_t cpu_xgetbv(uint32_t index);

/* Answer arch_prctl's questions about AMX's state; false if it is none of these. */
bool cpu_arch_prctl(long code, unsigned long argument, long *result);

/* Whether this process has asked for tiles, without which Linux lets none be used. */
bool cpu_tiles_permitted(void);

#endif
