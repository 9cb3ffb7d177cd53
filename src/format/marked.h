/* format/marked.h: what dbmate, goose and sql-migrate have in common: SQL files with marker comments for up and down, two of them
 * cut at line ends. */
#ifndef LOCKSTEP_SRC_FORMAT_MARKED_H
#define LOCKSTEP_SRC_FORMAT_MARKED_H

#include "format/section.h"
#include "format/tree.h"
#include "lockstep/base/file.h"
#include "lockstep/format/format.h"

/* --- telling the tool ----------------------------------------------------------------------------------------------------- */

struct ls_sniffed {
    size_t n_files; /* named as the tool names them */
    size_t n_read, n_hits;
    const char *example; /* a file with a marker; lent by dir */
};
/* Looks into the first few files that `takes` for a line that is_marker. Only the head of a file is read; links are not followed.
 */
void ls_sniff(const char *path, const struct ls_dir *dir, bool (*takes)(const char *name), bool (*is_marker)(struct ls_str line),
              struct ls_sniffed *out);
/* Sets out from it: 85 when every file looked at has the marker, 55 when some have, else 0. marker is for the evidence. */
void ls_sniff_score(const struct ls_sniffed *s, const char *marker, struct ls_detect *out);

/* --- scanning ------------------------------------------------------------------------------------------------------------- */

/* Whether the line is the first one of a text that begins with a byte order mark: to these tools it is no marker. */
bool ls_line_has_bom(const struct ls_line *line);
/* Adds the diagnostic, and marks m as not understood. */
void ls_marked_unparsed(struct ls_migrations *out, struct ls_migration *m, const char *code, int line, const char *message,
                        const char *hint);
/* LS_E_REFUSED: a row without a file cannot be run. */
LS_MUST_CHECK enum ls_rc ls_marked_refuse_missing(const struct ls_plan_ctx *ctx, const struct ls_step *step, const char *tool,
                                                  struct ls_err *err);
/* The ledger table's name, always quoted, with its schema on PostgreSQL; NULL with err. */
const char *ls_marked_table(struct ls_plan_ctx *ctx, const char *default_table, struct ls_err *err);

/* --- statements that end at line ends ------------------------------------------------------------------------------------- */

/* What the tool sends at once: usually the text's own bytes start..end; where the tool leaves lines or carriage returns out, a
 * copy. */
struct ls_cut {
    size_t start, end; /* in the text */
    int line, col;     /* of its first byte, in the text */
    const char *text;  /* lent by the text, or in the arena */
    size_t len;
};
/* Lines are added until the tool takes what was added for a statement. Zeroed but for arena (where copies go), it is empty. */
struct ls_cuts {
    struct ls_arena *arena;
    bool drops_semicolon; /* the tool takes a final ';' away */
    LS_VEC(struct ls_cut) c;
    struct ls_buf open; /* the lines added since the last end, each with a line feed */
    size_t start, end;  /* of what is not blank in open */
    int line, col;      /* of start; line 0 = open is blank */
};
void ls_cuts_add(struct ls_cuts *c, const struct ls_line *line);
void ls_cuts_end(struct ls_cuts *c, const char *text); /* a statement ends; a blank one is none */
void ls_cuts_release(struct ls_cuts *c);
/* Whether the last word in front of a word that begins with "--" ends with ';' (source: goose internal/sqlparser, sql-migrate
 * sqlparse). */
bool ls_ends_with_semicolon(struct ls_str line);

/* Appends the cuts of step->text as ops: STATEMENT, or BATCH where the tool sends several statements at once. Refuses what the tool
 * would break in two, and what cannot run in its transaction (in_tx), or outside of one. tool and how_no_tx ("put ...") are for the
 * messages. */
LS_MUST_CHECK enum ls_rc ls_cuts_ops(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_cuts *cuts, bool in_tx,
                                     const char *tool, const char *how_no_tx, struct ls_err *err);

#endif
