/* format/goose.h: goose's annotations and how it cuts statements (formats.md 4.5; source: internal/sqlparser/parser.go, v3.27). */
#ifndef LOCKSTEP_SRC_FORMAT_GOOSE_H
#define LOCKSTEP_SRC_FORMAT_GOOSE_H

#include "format/marked.h"

#define LS_GOOSE_TABLE "goose_db_version"

struct ls_goose_error {
    int line;         /* of the text; 0: the whole of it */
    const char *text; /* NULL: none */
    const char *hint;
};
struct ls_goose {
    struct ls_cuts up, down;
    bool has_up, has_down;
    size_t up_at, down_at; /* of the annotations' lines */
    int up_line, down_line;
    bool no_tx;                                 /* NO TRANSACTION: for both directions, wherever it stands */
    int dynamic_line;                           /* of the first one, in the text */
    bool is_dynamic;                            /* a '$' where ENVSUB is on */
    struct ls_goose_error error;                /* goose runs neither direction */
    struct ls_goose_error up_error, down_error; /* goose does not run this one */
};
/* text is a whole file, or (is_down) the part of it that begins with the Down annotation. Copies go into arena. */
void ls_goose_parse(struct ls_arena *arena, const char *text, size_t len, bool is_down, struct ls_goose *out);
void ls_goose_release(struct ls_goose *g);

enum ls_rc ls_goose_plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err);
enum ls_rc ls_goose_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                              const struct ls_entry *prev_applied, struct ls_err *err);
enum ls_rc ls_goose_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                              struct ls_err *err);

#endif
