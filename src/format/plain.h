/* format/plain.h: the plain convention, NNN_name.sql beside a hand-kept applied.txt. plain.c reads the folder, plain_list.c the
 * list, plain_plan.c plans. */
#ifndef LOCKSTEP_SRC_FORMAT_PLAIN_H
#define LOCKSTEP_SRC_FORMAT_PLAIN_H

#include "format/section.h"
#include "lockstep/format/format.h"

#define LS_PLAIN_LIST "applied.txt"
/* What stands in front of a name while its body runs: left behind, nobody knows what became of it. */
#define LS_PLAIN_APPLYING  "# lockstep: applying "
#define LS_PLAIN_REVERTING "# lockstep: reverting "

enum ls_plain_kind { LS_PLAIN_OTHER /* blank, a comment */, LS_PLAIN_NAME, LS_PLAIN_APPLY_MARK, LS_PLAIN_REVERT_MARK };
struct ls_plain_line {
    enum ls_plain_kind kind;
    struct ls_str name;      /* without ".sql" */
    struct ls_str time, sha; /* behind tabs; empty */
};
/* What one line of the list says. */
void ls_plain_line(struct ls_str line, struct ls_plain_line *out);
/* HOST/DBNAME of a comment "# database: HOST/DBNAME" in front of the first name; empty: there is none. */
struct ls_str ls_plain_database(const char *text, size_t len);
/* Whether both mean the same database: sockets and loopback are one host, 5432 is the port that need not be said; of a SQLite file
 * only the name counts. */
bool ls_plain_is_same(enum ls_dialect d, struct ls_str a, struct ls_str b);
/* The database of a connection in that form; SQLite: the file's name; "" for one in memory. Of arena. */
const char *ls_plain_database_of(struct ls_arena *arena, const struct ls_db_info *info);

/* Where `-- down` stands alone in a line, and whether the first line is `-- no-transaction`. */
struct ls_plain_parts {
    bool is_no_tx, has_down;
    size_t up_end; /* where the marker line begins, or the text's length */
    size_t down_at;
    int down_line;
    bool is_down_empty;   /* only blanks and comments behind it */
    int second_down_line; /* of another such marker; 0 = none */
};
void ls_plain_parse(const char *text, size_t len, struct ls_plain_parts *out);

enum ls_rc ls_plain_ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err);
enum ls_rc ls_plain_check(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err);
enum ls_rc ls_plain_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                              const struct ls_entry *prev_applied, struct ls_err *err);
enum ls_rc ls_plain_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                              struct ls_err *err);
int ls_plain_lock_keys(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4]);

#endif
