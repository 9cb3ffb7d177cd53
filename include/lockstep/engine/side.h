/* lockstep/engine/side.h: a side is anything that a catalogue can be had of: a database, a folder of migrations, a file of SQL, a backup, a Drizzle
 * snapshot, a saved catalogue. What is only text is made into a database first, in a scratch (engine/scratch.h), and the database is read: nothing here
 * guesses what SQL means. */
#ifndef LOCKSTEP_ENGINE_SIDE_H
#define LOCKSTEP_ENGINE_SIDE_H

#include "lockstep/engine/run.h"
#include "lockstep/model/catalog.h"

/* X(enum, word, form), and what it is. What stands in front of ':' is the word; LIVE and MIGRATIONS are words of their own. */
#define LS_SIDES(X)                                                                                                                    \
    X(LIVE, "live", "live")                      /* the database that is worked on */                                                  \
    X(MIGRATIONS, "migrations", "migrations")    /* what the applied migrations promise: replayed in a scratch database */             \
    X(ENV, "env", "NAME or env:NAME")            /* the database of an environment of lockstep.conf */                                 \
    X(URL, "url", "URL")                         /* another database */                                                                \
    X(DIR, "dir", "dir:PATH[@VERSION]")          /* a folder of migrations in any format, up to VERSION */                             \
    X(FILE, "file", "file:PATH")                 /* a file of SQL: schema.sql, structure.sql, a plain pg_dump */                       \
    X(BACKUP, "backup", "backup:NAME")           /* the schema in a backup of lockstep's */                                            \
    X(DRIZZLE, "drizzle", "drizzle:PATH")        /* a Drizzle snapshot: meta/NNNN_snapshot.json, or the folder that has them */        \
    X(SNAPSHOT, "snapshot", "snapshot:PATH")     /* a catalogue that `lockstep snapshot` saved */

enum ls_side_kind {
#define X(e, w, f) LS_SIDE_##e,
    LS_SIDES(X)
#undef X
        LS_N_SIDES
};
const char *ls_side_kind_name(enum ls_side_kind k);

struct ls_side {
    enum ls_side_kind kind;
    char *text;      /* as it was typed; a URL in it may hold a password */
    char *what;      /* name, URL or path; "" where the kind says it all */
    char *version;   /* DIR: behind '@', or NULL */
};
/* Looks at the file system only to tell an '@' in a folder's name from one in front of a version. LS_E_USAGE with the accepted forms as hint. */
LS_MUST_CHECK enum ls_rc ls_side_parse(const char *text, struct ls_side *out, struct ls_err *err);
void ls_side_release(struct ls_side *s);
/* What to call it: no password. Caller frees. */
char *ls_side_label(const struct ls_side *s);

struct ls_scratch_host;

/* What sides are seen from: the target of the command, the project's environments, and where scratch databases may be made. Fill what there is, zero the
 * rest; one of these serves any number of loads, which share a scratch server, and is ended by ls_side_world_end. */
struct ls_side_world {
    struct ls_session *session;  /* `live`, `migrations`; also asked whether to stop. Its URL may be empty. Never NULL */
    /* The parameters of an environment; strings must live until ls_side_world_end. NULL: there are none. */
    enum ls_rc (*env)(void *ctx, const char *name, struct ls_session_params *out, struct ls_err *err);
    void *env_ctx;
    const char *scratch_url;     /* PostgreSQL: a database on a server where others may be made; NULL: not said */
    bool scratch_on_target;      /* others may be made beside the session's database */
    bool is_kept;                /* the session will look at `live` again: it keeps what makes that cheaper */
    const struct ls_run_hooks *hooks; /* LS_EV_PROGRESS (plan NULL, text: what is done) and the gate, as for a backup; or NULL */
    struct ls_scratch_host *host;/* made when it is needed first */
    int server_version;          /* of the PostgreSQL database that was looked at, and that a scratch should be like; 0: none was */
};
void ls_side_world_end(struct ls_side_world *w);

struct ls_side_opts {
    bool has_dialect;            /* for sides that do not say theirs (file, a plain folder): the other side's, or --dialect */
    bool has_format;             /* the session's format is that of every folder: it was said, not the project's */
    enum ls_dialect dialect;
    bool with_sizes, with_definitions;
    bool with_ledger;            /* keep ledgers and lockstep_journal, which are left out otherwise (a note names them) */
};

/* The dialect that a side is of, without loading it; *known false: it does not say. */
LS_MUST_CHECK enum ls_rc ls_side_dialect(const struct ls_side_world *w, const struct ls_side *s, bool *known, enum ls_dialect *out, struct ls_err *err);
/* Reads it. LS_E_UNSUPPORTED: no scratch is to be had, or only the tool itself can run these migrations; LS_E_CANCELLED; errors in files name
 * FILE:LINE:COL. Release with ls_catalog_free. */
LS_MUST_CHECK enum ls_rc ls_side_load(struct ls_side_world *w, const struct ls_side *s, const struct ls_side_opts *opts, struct ls_catalog **out,
                                      struct ls_err *err);

/* Which of two sides to load first: a database (0 or 1) before what is replayed in a scratch, which then is of its version. */
int ls_side_first(const struct ls_side sides[2]);

/* --- a saved catalogue (side_saved.c): JSON, one fact a line, sorted, so that two of them can be compared line by line --- */
#define LS_SAVED_FORMAT 1
/* Appends. Estimates, sizes, object numbers and definitions stay out: they change without the schema. */
void ls_catalog_save(const struct ls_catalog *c, struct ls_buf *out);
/* LS_E_INPUT "PATH:LINE: why"; LS_E_UNSUPPORTED for a newer format. */
LS_MUST_CHECK enum ls_rc ls_catalog_restore(const char *path, const char *text, size_t len, struct ls_catalog **out, struct ls_err *err);

/* --- diagrams (erd.c): tables, columns, keys. Names are made harmless for the language. --- */
void ls_catalog_mermaid(const struct ls_catalog *c, struct ls_buf *out);
void ls_catalog_dot(const struct ls_catalog *c, struct ls_buf *out);

#endif
