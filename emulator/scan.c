/* The two bytes of CPUID also occur inside other instructions. The unwinder's table
 * (.eh_frame_hdr) says where each function begins, and reading instruction after instruction from
 * there shows whether one begins at these bytes.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <string.h>
#include <sys/auxv.h>

#include "decode.h"
#include "memory.h"
#include "scan.h"
#include "sites.h"

enum { MAX_SEGMENTS = 64 };

struct functions { /* the sorted table of .eh_frame_hdr, relative to its begin */
    const uint8_t *begin;
    const struct { int32_t function, description; } *table;
    uint32_t count;
};

static struct functions functions_of(const uint8_t *header) {
    struct functions none = {header, NULL, 0}, found = none;
    /* Version 1; pointer, count and table in the encodings that linkers use. */
    if (!header || memcmp(header, "\x01\x1b\x03\x3b", 4)) return none;
    memcpy(&found.count, header + 8, 4);
    found.table = (const void *)(header + 12);
    return found;
}

/* The last function that begins at `code` or before it, or NULL. */
static const uint8_t *function_before(const struct functions *functions, const uint8_t *code) {
    int64_t offset = code - functions->begin;
    uint32_t low = 0, high = functions->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (functions->table[middle].function <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? functions->begin + functions->table[low - 1].function : NULL;
}

/* Whether an instruction of a known function begins at `code`. */
static bool is_instruction(const struct functions *functions, const uint8_t *code,
                           const struct text *segment) {
    const uint8_t *at = function_before(functions, code);
    if (!at || at < segment->begin) return false;
    while (at < code) {
        int length = decode_length(at, segment->end);
        if (!length) return false;
        at += length;
    }
    return at == code;
}

static void find(const struct functions *functions, const struct text *segment,
                 const char *pattern, int length, enum site kind) {
    /* The last byte is the rarest. */
    const uint8_t *at = segment->begin + length - 1;
    while (at < segment->end &&
           (at = memchr(at, (uint8_t)pattern[length - 1], (size_t)(segment->end - at)))) {
        const uint8_t *code = at++ - (length - 1);
        if (memcmp(code, pattern, (size_t)length)) continue;
        if (is_instruction(functions, code, segment)) sites_add((uint8_t *)code, kind);
    }
}

static int read_headers(const struct link_map *object, ElfW(Phdr) *headers) {
    ElfW(Ehdr) elf;
    uint64_t from;
    int count;
    if (!*object->l_name) { /* the program itself, which may begin at address 0 */
        from = getauxval(AT_PHDR);
        count = (int)getauxval(AT_PHNUM);
    } else {
        if (memory_read(object->l_addr, &elf, sizeof elf) != sizeof elf) return 0;
        if (memcmp(elf.e_ident, ELFMAG, SELFMAG)) return 0;
        from = object->l_addr + elf.e_phoff;
        count = elf.e_phnum;
    }
    if (count > MAX_SEGMENTS) return 0;
    int size = count * (int)sizeof *headers;
    return memory_read(from, headers, size) == size ? count : 0;
}

static void scan_segment(const struct functions *functions, const struct text *segment) {
    find(functions, segment, "\x0f\xa2", 2, CPUID_SITE);
    find(functions, segment, "\x0f\x01\xd0", 3, XGETBV_SITE);
    /* Looking brought all of it to memory, which would count as this process' own. */
    memory_give_back(segment->begin, segment->end);
}

bool scan_object(const struct link_map *object, struct text *text) {
    static ElfW(Phdr) headers[MAX_SEGMENTS]; /* one thread at a time: the loader's lock is held */
    const uint8_t *base = (const uint8_t *)object->l_addr, *unwinding = NULL;
    int count = read_headers(object, headers);
    for (int i = 0; i < count; i++)
        if (headers[i].p_type == PT_GNU_EH_FRAME) unwinding = base + headers[i].p_vaddr;
    struct functions functions = functions_of(unwinding);
    for (int i = 0; functions.count && i < count; i++) {
        if (headers[i].p_type != PT_LOAD || (headers[i].p_flags & (PF_X | PF_R)) != (PF_X | PF_R))
            continue;
        const uint8_t *begin = base + headers[i].p_vaddr;
        struct text segment = {begin, begin + headers[i].p_filesz};
        scan_segment(&functions, &segment);
        if (!text->begin) text->begin = segment.begin;
        text->end = segment.end;
    }
    return functions.count != 0;
}
