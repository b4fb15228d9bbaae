/* What the emulator has to say: one line on standard error, made without malloc or stdio, since
 * most of it is said in signal handlers. */
#ifndef SAY_H
#define SAY_H

#include <stdint.h>

enum { REFUSED = 126 }; /* the status of a process that the emulator ends itself */

struct line {
    char text[480];
    int length;
};

void line_begin(struct line *line); /* "amxemu: " */
void line_text(struct line *line, const char *text);
void line_number(struct line *line, uint64_t number);
void line_hex(struct line *line, uint64_t number);
void line_bytes(struct line *line, const uint8_t *bytes, int count);
void line_end(struct line *line); /* writes it */

/* One line of up to three parts; those that are NULL are left out. */
void say(const char *what, const char *more, const char *most);
_Noreturn void say_and_end(const char *what, const char *more, const char *most);

const char *error_name(int number); /* as in errno.h */

#endif
