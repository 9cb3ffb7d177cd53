/* format/section.h: up and down in one file, told apart by marker lines (dbmate, goose, sql-migrate, node-pg-migrate). No regular expressions: a tool's
 * matcher looks at one line. */
#ifndef LOCKSTEP_SRC_FORMAT_SECTION_H
#define LOCKSTEP_SRC_FORMAT_SECTION_H

#include "lockstep/model/migration.h"

/* One line of a text, without its line end ("\r" neither). */
struct ls_line {
    struct ls_str text;
    size_t start, next;  /* offsets: of the line, and of the one behind it */
    int no;              /* from 1 */
};
/* Goes on to the next line; *line must be zeroed before the first. False at the end. A BOM at the start belongs to no line. */
bool ls_line_next(const char *text, size_t len, struct ls_line *line);

/* What a marker line says. */
enum ls_mark { LS_MARK_NONE, LS_MARK_UP, LS_MARK_DOWN };
/* Fills s (path, size, span, line) with the bytes start..end of a file. An empty span stays one: s->end > 0. */
void ls_section_set(struct ls_section *s, const char *path, size_t start, size_t end, int line);
/* sha256 over the span, when the scan was asked for hashes. */
void ls_section_hash(struct ls_section *s, const char *text, size_t len);

/* Matching helpers for markers. skip_blanks: spaces and tabs. */
struct ls_str ls_str_skip_blanks(struct ls_str s);
/* Whether s starts with word; *rest (may be NULL) gets what follows. */
bool ls_str_starts(struct ls_str s, const char *word, struct ls_str *rest);
bool ls_str_starts_nocase(struct ls_str s, const char *word, struct ls_str *rest); /* ASCII letters */
struct ls_str ls_str_trim(struct ls_str s);
bool ls_str_is(struct ls_str s, const char *word);

#endif
