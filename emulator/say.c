#define _GNU_SOURCE
#include <string.h>

#include "files.h"
#include "say.h"

void line_text(struct line *line, const char *text) {
    while (*text && line->length < (int)sizeof line->text - 1) line->text[line->length++] = *text++;
}

void line_begin(struct line *line) {
    line->length = 0;
    line_text(line, "amxemu: ");
}

static void number_of_base(struct line *line, uint64_t number, unsigned base) {
    char digits[24];
    int at = sizeof digits - 1;
    digits[at] = 0;
    do digits[--at] = "0123456789abcdef"[number % base];
    while (number /= base);
    line_text(line, digits + at);
}

void line_number(struct line *line, uint64_t number) { number_of_base(line, number, 10); }

void line_hex(struct line *line, uint64_t number) {
    line_text(line, "0x");
    number_of_base(line, number, 16);
}

void line_bytes(struct line *line, const uint8_t *bytes, int count) {
    for (int i = 0; i < count; i++) {
        line_text(line, bytes[i] < 16 ? " 0" : " ");
        number_of_base(line, bytes[i], 16);
    }
}

void line_end(struct line *line) {
    line->text[line->length++] = '\n';
    files_write(STDERR_FILENO, line->text, (size_t)line->length); /* whoever listens */
}

void say(const char *what, const char *more, const char *most) {
    const char *const parts[] = {what, more, most};
    struct line line;
    line_begin(&line);
    for (int i = 0; i < 3; i++)
        if (parts[i]) line_text(&line, parts[i]);
    line_end(&line);
}

void say_and_end(const char *what, const char *more, const char *most) {
    say(what, more, most);
    syscall(SYS_exit_group, REFUSED); /* no exit handler runs: this may be a signal handler */
    __builtin_unreachable();
}

const char *error_name(int number) {
    const char *name = strerrorname_np(number); /* of a table: signal handlers may */
    return name ? name : "an error without a name";
}
