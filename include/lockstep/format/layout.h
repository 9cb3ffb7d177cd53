/* lockstep/format/layout.h: how a tool writes a migration down: names, markers, and which columns of its ledger repeat the name. One const table per
 * format (ls_format.layout) is all that renumbering and converting need to know of it. */
#ifndef LOCKSTEP_FORMAT_LAYOUT_H
#define LOCKSTEP_FORMAT_LAYOUT_H

#include "lockstep/format/format.h"

enum ls_layout_kind {
    LS_LAYOUT_FILE,  /* KEY_name.sql, up and down in it */
    LS_LAYOUT_PAIR,  /* KEY_name.up.sql, KEY_name.down.sql */
    LS_LAYOUT_FOLDER /* KEY_name/up.sql, KEY_name/down.sql */
};

/* One migration to be written. */
struct ls_written {
    const char *key, *name;      /* "0007", "add_email" */
    const char *up, *down;       /* texts; down NULL: there is none */
    size_t up_len, down_len;
    bool up_no_tx, down_no_tx;   /* must run outside of a transaction */
};
struct ls_written_file {
    const char *path;            /* relative to the folder */
    const char *text;
    size_t len;
};

/* Migrations moved to the end of a journal: files that are written (under the names that they have now), then renamed. */
struct ls_moved {
    LS_VEC(struct ls_written_file) writes; /* paths as ls_migrations.dir has them */
    LS_VEC(const char *) from;
    LS_VEC(const char *) to;
    LS_VEC(const char *) labels;           /* what each is called now: "0007_add_email" */
    LS_VEC(const char *) lost;             /* sentences: what could not be kept */
};
void ls_moved_release(struct ls_moved *m);

struct ls_layout {
    enum ls_layout_kind kind;
    const char *prefix;      /* in front of the key: Flyway's "V"; NULL: nothing */
    const char *between;     /* key and name: "_", Flyway's "__" */
    const char *up, *down;   /* end of the file's name, or the file in the folder; down NULL: there is none */
    const char *undo_prefix; /* FILE: the way back is a file of its own, named as the other but for this prefix */
    /* Lines in a file, without their ends; NULL: the tool has none. */
    const char *up_mark, *down_mark;
    bool needs_down;         /* down_mark must be there, also when nothing follows it */
    const char *no_tx_line;  /* first line of a file whose statements are to run outside of a transaction */
    const char *no_tx_word;  /* or: behind up_mark and down_mark */
    const char *no_tx_file, *no_tx_text; /* or: a file in the folder, and what it holds */
    const char *stmt_begin, *stmt_end;   /* around a statement with ';' at the end of a line inside */
    const char *stmt_between;            /* between two statements */
    const char *const *own;  /* how lines begin that mean something to the tool: they are left out when the text goes to another one. NULL-terminated */
    const char *variables;   /* what the tool takes for a variable in a text: "${"; NULL: nothing */
    bool wraps;              /* puts a transaction around a file: its own BEGIN and COMMIT do not go there */
    bool text_order;         /* keys are ordered as text: they are to be of one width */
    /* The ledger's columns. */
    const char *key;         /* with the id; NULL: renumbering what is applied is not possible by a row's change */
    bool key_is_number;
    const char *script;      /* with the file's name, or NULL */
    const char *applied_at;  /* a time, or NULL */
    /* NULL, or: the files that stand for the whole folder (journal, lock file); path is relative to it. Returns how many, at most 2. */
    int (*folder_files)(struct ls_arena *arena, enum ls_dialect d, const struct ls_written *all, size_t n, int64_t wall_us, const char *paths[2],
                        const char *texts[2]);
    /* NULL, or, for a tool whose journal makes the order: moves n migrations behind all others, and behind `above` (the ledger's newest key). */
    enum ls_rc (*move_to_end)(struct ls_arena *arena, const struct ls_migrations *all, const struct ls_migration *const *moved, size_t n, uint64_t above,
                              int64_t wall_us, struct ls_moved *out, struct ls_err *err);
};

/* Fills out (at most 3) with the files of one migration; returns how many. What the layout has no place for is left out: the caller says so. */
size_t ls_layout_write(const struct ls_layout *l, enum ls_dialect d, struct ls_arena *arena, const struct ls_written *w, struct ls_written_file out[3]);
/* A section's text without the lines that are of the tool. */
void ls_layout_body(const struct ls_layout *l, const char *text, size_t len, struct ls_buf *out);

/* A migration under another label. */
struct ls_relabelled {
    const char *id;
    const char *from[4], *to[4]; /* paths of files, or of the folder that holds them */
    size_t n;
    const char *script;          /* the new name as the ledger's script column has it, or NULL */
};
/* LS_E_REFUSED when the names do not carry the label where it could be changed. */
LS_MUST_CHECK enum ls_rc ls_layout_relabel(const struct ls_layout *l, struct ls_arena *arena, const struct ls_migrations *all, const struct ls_migration *m,
                                           const char *label, struct ls_relabelled *out, struct ls_err *err);
/* The label behind everything (above `above`), in the manner of m's: counted on, or a stamp of the time wall_us plus n seconds. */
const char *ls_layout_next_label(struct ls_arena *arena, const struct ls_migration *m, uint64_t above, int64_t wall_us, size_t n);

/* Ops (in a transaction of their own) that give a ledger's row its new key; fenced by the old row being there and no new one. */
LS_MUST_CHECK enum ls_rc ls_layout_rekey(const struct ls_format *f, struct ls_plan_ctx *ctx, struct ls_step *step, const char *old_id,
                                         const struct ls_relabelled *now, struct ls_err *err);
/* An op that sets the time at which a row was applied; ISO text. Nothing where the ledger has none. */
LS_MUST_CHECK enum ls_rc ls_layout_set_time(const struct ls_format *f, struct ls_plan_ctx *ctx, struct ls_step *step, const char *id, const char *iso,
                                            struct ls_err *err);

#endif
