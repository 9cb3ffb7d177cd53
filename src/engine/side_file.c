/* A file of SQL made into a scratch database, statement by statement. What a dump says of things that a scratch has not (owners,
 * grants to roles, extensions, settings of a newer server) is passed over and told. A statement that names what comes later is
 * tried again at the end. PostgreSQL gets many at once, in one implicit transaction: where one of them fails nothing of them is there, those in
 * front of it are sent again, and it on its own. */
#include <config.h>

#include "engine/side_priv.h"

#include <string.h>
#include <strings.h>

#include "lockstep/base/mem.h"
#include "lockstep/engine/refs.h"
#include "lockstep/sql/facts.h"
#include "lockstep/sql/quote.h"

/* Statements that go out together at most. As many locks are held, and a server has some thousands. */
#define MAX_TOGETHER 128

struct load {
    struct side_job *j;
    struct ls_db *db;
    enum ls_dialect dialect;
    const char *path, *text;
    size_t len;
    const struct ls_stmts *stmts;
    bool is_lenient, is_own;
    LS_VEC(size_t) later;     /* statements that named what was not there yet */
    struct ls_buf extensions; /* that the scratch lacks */
    size_t n_rows, n_owner;
    struct ls_db_call calls[MAX_TOGETHER]; /* not sent yet */
    size_t waiting[MAX_TOGETHER];          /* which statements these are */
    int n_waiting, n_together;             /* how many go out together: fewer where many fail */
    int rows_line, owner_line;
};

/* The statement's first words, upper case, one blank between: "ALTER TABLE". */
static void first_words(const struct load *l, const struct ls_stmt *s, char out[64])
{
    struct ls_lex lx;
    size_t n = 0;

    ls_lex_init(&lx, l->dialect, l->text + s->start, s->end - s->start);
    for (int words = 0; words < 4;) {
        struct ls_tok t = ls_lex_next(&lx);

        if (t.kind == LS_TOK_SPACE || t.kind == LS_TOK_COMMENT)
            continue;
        if ((t.kind != LS_TOK_WORD && t.kind != LS_TOK_KEYWORD) || n + (t.end - t.start) + 2 > 64)
            break;
        if (n > 0)
            out[n++] = ' ';
        for (size_t i = t.start; i < t.end; i++) {
            char c = lx.text[i];

            out[n++] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
        }
        words++;
    }
    out[n] = '\0';
}

static bool begins(const char *words, const char *with)
{
    size_t n = strlen(with);

    return strncmp(words, with, n) == 0 && (words[n] == '\0' || words[n] == ' ');
}

/* Not run at all: it is of no schema, or not of this database. */
static bool is_passed_over(struct load *l, const struct ls_stmt *s, const char *words)
{
    static const char *const control[] = {"BEGIN", "COMMIT", "END", "START TRANSACTION", "ROLLBACK"};
    static const char *const others[] = {"CREATE DATABASE", "DROP DATABASE", "ALTER DATABASE", "VACUUM", "ANALYZE", "REINDEX"};
    const char *first = l->text + s->start;

    for (size_t i = 0; i < LS_ARRAY_LEN(control); i++)
        if (begins(words, control[i]))
            return true;
    for (size_t i = 0; i < LS_ARRAY_LEN(others); i++) {
        if (!begins(words, others[i]))
            continue;
        side_note(l->j, LS_SEV_INFO, "passed-over", l->path, s->line, NULL, "%s was passed over", others[i]);
        return true;
    }
    /* A virtual table's row in sqlite_schema is its definition. */
    if ((begins(words, "INSERT") || begins(words, "REPLACE")) && memmem(first, s->end - s->start, "sqlite_schema", 13) == NULL &&
        memmem(first, s->end - s->start, "sqlite_master", 13) == NULL) {
        l->rows_line = l->n_rows++ == 0 ? s->line : l->rows_line;
        return true;
    }
    return false;
}

/* "FILE:LINE:COL: message" */
static void place(const struct load *l, const struct ls_stmt *s, struct ls_err *err)
{
    int line = s->line, col = s->col;

    if (err->offset >= 0 && s->start + (size_t)err->offset <= s->end)
        ls_sql_place(l->text, l->len, s->start + (size_t)err->offset, &line, &col);
    ls_err_wrap(err, "%s:%d:%d", l->path, line, col);
    err->line = line;
    err->col = col;
    if (l->extensions.len > 0)
        ls_err_detail(err, "the scratch lacks %s, which this may need", l->extensions.ptr);
}

static bool is_state(const struct ls_err *err, const char *state)
{
    return strcmp(err->sqlstate, state) == 0;
}

/* role "x" does not exist: made where the server is ours. */
static bool make_role(struct load *l, const struct ls_err *err)
{
    const char *open = err->message != NULL ? strstr(err->message, "role \"") : NULL,
               *close = open != NULL ? strrchr(open + 6, '"') : NULL;
    struct ls_buf sql = LS_BUF_INIT;
    char *name;
    bool ok;

    if (!l->is_own || close == NULL || close == open + 6)
        return false;
    name = ls_strndup(open + 6, (size_t)(close - open - 6));
    ls_buf_adds(&sql, "CREATE ROLE ");
    ok = ls_sql_ident(&sql, name, NULL) == LS_OK && ls_db_exec(l->db, sql.ptr, sql.len, NULL, 0, NULL, NULL) == LS_OK;
    if (ok)
        side_note(l->j, LS_SEV_INFO, "role-made", l->path, 0, NULL,
                  "the role \"%s\" is named and not made; it was made in the scratch", name);
    ls_buf_release(&sql);
    free(name);
    return ok;
}

static bool is_about_rights(const char *words, const char *text, size_t len)
{
    static const char *const starts[] = {"GRANT", "REVOKE", "ALTER DEFAULT PRIVILEGES", "SET SESSION AUTHORIZATION", "SET ROLE"};

    for (size_t i = 0; i < LS_ARRAY_LEN(starts); i++)
        if (begins(words, starts[i]))
            return true;
    return begins(words, "ALTER") && memmem(text, len, "OWNER TO", 8) != NULL;
}

static void lacks_extension(struct load *l, const struct ls_stmt *s)
{
    struct ls_facts f;

    ls_sql_facts(l->dialect, l->text + s->start, s->end - s->start, &f);
    const char *name = f.object.len > 0 ? f.object.ptr : "an extension";
    ls_buf_addf(&l->extensions, "%sthe extension %s", l->extensions.len > 0 ? ", " : "", name);
    side_note(
        l->j, LS_SEV_WARNING, "extension-missing", l->path, s->line,
        "install it beside the server programs, or name a server that has it with --scratch URL",
        "the scratch server lacks the extension %s: what the file makes with it cannot be made, and is an error or a difference",
        name);
    ls_facts_release(&f);
}

/* Whether a refusal is of something that a scratch may be without. */
static bool is_tolerated(struct load *l, const struct ls_stmt *s, const char *words, const struct ls_err *err)
{
    const char *text = l->text + s->start;
    size_t len = s->end - s->start;

    if (l->dialect != LS_DIALECT_POSTGRES)
        return false;
    if (begins(words, "SET") && is_state(err, "42704") && !begins(words, "SET ROLE")) {
        side_note(l->j, LS_SEV_INFO, "setting-unknown", l->path, s->line, NULL, "the scratch server does not know a setting: %s",
                  err->message);
        return true;
    }
    if (begins(words, "CREATE EXTENSION")) {
        lacks_extension(l, s);
        return true;
    }
    if (begins(words, "COMMENT ON EXTENSION") ||
        (begins(words, "CREATE SCHEMA") && is_state(err, "42P06") && memmem(text, len, "public", 6) != NULL))
        return true;
    if (is_about_rights(words, text, len) && (is_state(err, "42704") || is_state(err, "22023") || is_state(err, "42501"))) {
        l->owner_line = l->n_owner++ == 0 ? s->line : l->owner_line;
        return true;
    }
    return false;
}

/* It names a table, column, function, type or schema that is not there (yet). */
static bool may_come_later(const struct ls_err *err, enum ls_dialect d)
{
    static const char *const states[] = {"42P01", "42703", "42883", "42704", "3F000", "42P17", "42830"};

    for (size_t i = 0; i < LS_ARRAY_LEN(states); i++)
        if (is_state(err, states[i]))
            return true;
    return d == LS_DIALECT_SQLITE && err->message != NULL && strstr(err->message, "no such table") != NULL;
}

static enum ls_rc send(struct load *l, const struct ls_stmt *s, struct ls_err *err)
{
    return ls_db_exec(l->db, l->text + s->start, s->end - s->start, NULL, 0, NULL, err);
}

/* LS_OK too for what is tolerated or put off. */
static enum ls_rc run_one(struct load *l, size_t i, bool is_retry, struct ls_err *err)
{
    const struct ls_stmt *s = &l->stmts->v[i];
    struct ls_err own = LS_ERR_INIT;
    char words[64];
    enum ls_rc rc;

    first_words(l, s, words);
    rc = send(l, s, &own);
    if (rc == LS_E_SQL && is_state(&own, "42704") && make_role(l, &own)) {
        ls_err_release(&own);
        rc = send(l, s, &own);
    }
    if (rc != LS_OK && rc != LS_E_CONNECT && rc != LS_E_CANCELLED) {
        if (is_tolerated(l, s, words, &own)) {
            rc = LS_OK;
        } else if (!is_retry && may_come_later(&own, l->dialect)) {
            *LS_VEC_PUSH(&l->later) = i;
            rc = LS_OK;
        }
    }
    if (rc != LS_OK)
        ls_err_move(err, &own);
    ls_err_release(&own);
    return rc;
}

/* What was put off, in rounds, as long as one more of them goes through. */
static enum ls_rc run_later(struct load *l, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    for (bool moved = true; moved && l->later.n > 0;) {
        size_t n = 0;

        moved = false;
        for (size_t k = 0; k < l->later.n; k++) {
            struct ls_err own = LS_ERR_INIT;

            rc = run_one(l, l->later.v[k], true, &own);
            ls_err_release(&own);
            if (rc == LS_OK)
                moved = true;
            else
                l->later.v[n++] = l->later.v[k];
        }
        l->later.n = n;
    }
    rc = LS_OK;
    for (size_t k = 0; rc == LS_OK && k < l->later.n; k++) {
        const struct ls_stmt *s = &l->stmts->v[l->later.v[k]];
        struct ls_err own = LS_ERR_INIT;

        rc = run_one(l, l->later.v[k], true, &own);
        if (rc != LS_OK && l->is_lenient && rc != LS_E_CONNECT && rc != LS_E_CANCELLED) {
            side_note(l->j, LS_SEV_WARNING, "not-made", l->path, 0, NULL,
                      "what it says could not be made in the scratch: %s (%.*s)", own.message,
                      (int)(s->end - s->start < 120 ? s->end - s->start : 120), l->text + s->start);
            rc = LS_OK;
        } else if (rc != LS_OK) {
            place(l, s, &own);
            ls_err_move(err, &own);
        }
        ls_err_release(&own);
    }
    return rc;
}

static enum ls_rc run_alone(struct load *l, size_t i, struct ls_err *err)
{
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc = run_one(l, i, false, &own);

    if (rc != LS_OK && l->is_lenient && rc != LS_E_CONNECT && rc != LS_E_CANCELLED) {
        *LS_VEC_PUSH(&l->later) = i;
        rc = LS_OK;
    } else if (rc == LS_E_CANCELLED) {
        (void)side_stopped(err);
    } else if (rc != LS_OK) {
        place(l, &l->stmts->v[i], &own);
        ls_err_move(err, &own);
    }
    ls_err_release(&own);
    return rc;
}

/* Whether others may stand around it in one transaction. COPY would end the connection; what a procedure or a block commits would not be taken
 * back with the others. */
static bool goes_together(const struct load *l, const struct ls_stmt *s, const char *words)
{
    static const char *const alone[] = {"COPY", "CALL", "DO"};

    for (size_t i = 0; i < LS_ARRAY_LEN(alone); i++)
        if (begins(words, alone[i]))
            return false;
    /* Where one names a role that the scratch has not, so do the others: a dump has one for each table. */
    if (l->n_owner > 0 && is_about_rights(words, l->text + s->start, s->end - s->start))
        return false;
    return l->dialect == LS_DIALECT_POSTGRES && s->tx == LS_TX_TRANSACTIONAL;
}

/* Sends what waits. After a failure those in front of it go again, then it goes alone, and how far it was to it is how many are tried next. */
static enum ls_rc run_waiting(struct load *l, struct ls_err *err)
{
    int bad = -1; /* the one that failed among others */
    enum ls_rc rc = LS_OK;

    for (int done = 0, n, failed; rc == LS_OK && done < l->n_waiting; done += n) {
        int left = (bad > done ? bad : l->n_waiting) - done;
        struct ls_err own = LS_ERR_INIT;

        if (!side_tick(l->j))
            return side_stopped(err);
        n = done == bad ? 1 : left < l->n_together ? left : l->n_together;
        if (n == 1)
            rc = run_alone(l, l->waiting[done], err);
        else
            rc = ls_db_pipeline(l->db, l->calls + done, n, NULL, &failed, &own);
        if (n > 1 && (rc == LS_E_CONNECT || rc == LS_E_CANCELLED)) {
            ls_err_move(err, &own);
        } else if (n > 1 && rc != LS_OK) {
            rc = LS_OK;
            n = 0;
            bad = done + (failed > 0 ? failed : 0);
            l->n_together = bad - done + 1;
        } else if (done != bad) {
            l->n_together = l->n_together * 2 < MAX_TOGETHER ? l->n_together * 2 : MAX_TOGETHER;
        }
        ls_err_release(&own);
    }
    l->n_waiting = 0;
    return rc;
}

static enum ls_rc run_all(struct load *l, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    l->n_together = MAX_TOGETHER;
    for (size_t i = 0; rc == LS_OK && i < l->stmts->n; i++) {
        const struct ls_stmt *s = &l->stmts->v[i];
        char words[64];

        if ((i % 64 == 0 && !side_tell(l->j, "loading", (int64_t)i, (int64_t)l->stmts->n)) || !side_tick(l->j))
            return side_stopped(err);
        first_words(l, s, words);
        if (is_passed_over(l, s, words))
            continue;
        if (l->n_waiting == MAX_TOGETHER || !goes_together(l, s, words))
            rc = run_waiting(l, err);
        if (rc == LS_OK && goes_together(l, s, words)) {
            l->waiting[l->n_waiting] = i;
            l->calls[l->n_waiting++] = (struct ls_db_call){l->text + s->start, s->end - s->start, NULL, 0};
        } else if (rc == LS_OK) {
            rc = run_alone(l, i, err);
        }
    }
    if (rc == LS_OK)
        rc = run_waiting(l, err);
    return rc == LS_OK ? run_later(l, err) : rc;
}

static void note_counts(struct load *l)
{
    if (l->n_rows > 0)
        side_note(l->j, LS_SEV_INFO, "rows-skipped", l->path, l->rows_line, NULL,
                  "%zu INSERT statement%s passed over: only the schema is compared", l->n_rows, l->n_rows == 1 ? " was" : "s were");
    if (l->n_owner > 0)
        side_note(l->j, LS_SEV_INFO, "rights-skipped", l->path, l->owner_line,
                  "owners and privileges are not to be compared with this side",
                  "%zu statement%s about owners or privileges of roles that the scratch has not w%s passed over", l->n_owner,
                  l->n_owner == 1 ? "" : "s", l->n_owner == 1 ? "as" : "ere");
}

static enum ls_rc read_back(struct load *l, struct ls_session *s, const char *source, struct ls_catalog **out, struct ls_err *err)
{
    /* What the file has set for its session must not bend what the reader sees; a database in memory is gone with its connection.
     */
    if (l->dialect == LS_DIALECT_POSTGRES) {
        ls_session_disconnect(s);
        enum ls_rc rc = ls_session_connect(s, err);

        if (rc != LS_OK)
            return rc;
    }
    return side_read(l->j, s, NULL, NULL, source, out, err);
}

/* "FILE:LINE:COL: it cannot be cut into statements: a string is opened here and never closed" */
static void split_failed(const char *path, const char *text, size_t len, const struct ls_stmts *stmts, struct ls_err *err)
{
    struct ls_err placed = LS_ERR_INIT;
    int line = 1, col = 1;

    ls_sql_place(text, len, stmts->error_offset, &line, &col);
    ls_err_set(&placed, err->code, "%s:%d:%d: it cannot be cut into statements: %s", path, line, col, ls_split_error_text(stmts->error));
    if (err->hint != NULL)
        ls_err_hint(&placed, "%s", err->hint);
    placed.line = line;
    placed.col = col;
    ls_err_move(err, &placed);
}

enum ls_rc side_load_text(struct side_job *j, enum ls_dialect d, const char *path, const char *text, size_t len, bool is_lenient,
                          const char *source, struct ls_catalog **out, struct ls_err *err)
{
    struct load l = {
        .j = j, .dialect = d, .path = path, .text = text, .len = len, .is_lenient = is_lenient, .extensions = LS_BUF_INIT};
    struct ls_session_params p = {
        .url_source = "the scratch", .lock_timeout_ms = -1, .operator_name = "lockstep", .is_scratch = true, .is_pooled_ok = true};
    struct ls_stmts stmts = {0};
    struct ls_scratch scratch = {0};
    struct ls_session *s = NULL;
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc = ls_sql_split(d, text, len, &stmts, &own);

    if (rc != LS_OK)
        split_failed(path, text, len, &stmts, &own);
    if (rc == LS_OK)
        rc = ls_scratch_open(j->w, d, j->w->server_version, &scratch, &own);
    if (rc == LS_OK) {
        p.url = scratch.url;
        s = side_session(j, &p);
        rc = ls_session_connect_as(s, true, &own);
    }
    if (rc == LS_OK) {
        l.stmts = &stmts;
        l.is_own = scratch.is_own;
        l.db = ls_session_db(s);
        rc = run_all(&l, &own);
        note_counts(&l);
        if (rc == LS_E_SQL)
            ls_refs_hint(l.db, &own);
    }
    if (rc == LS_OK)
        rc = read_back(&l, s, source, out, &own);
    if (s != NULL)
        side_session_end(j, s);
    ls_scratch_close(&scratch);
    if (rc != LS_OK && err != NULL)
        ls_err_move(err, &own);
    ls_err_release(&own);
    LS_VEC_RELEASE(&l.later);
    ls_buf_release(&l.extensions);
    ls_stmts_release(&stmts);
    return rc;
}

enum ls_rc side_load_file(struct side_job *j, struct ls_catalog **out, struct ls_err *err)
{
    const char *path = j->side->what;
    enum ls_dialect d = j->opts.dialect, said;
    struct ls_buf text = LS_BUF_INIT;
    char *source = ls_asprintf("file %s", path);
    enum ls_rc rc = ls_file_read(path, 0, 0, &text, err);

    if (rc == LS_OK && text.len >= 15 && memcmp(text.ptr, "SQLite format 3", 15) == 0) {
        rc = ls_err_set(err, LS_E_INPUT, "%s is a SQLite database, not a file of SQL", path);
        ls_err_hint(err, "name it by its URL: sqlite:%s", path);
    } else if (rc == LS_OK && text.len >= 5 && memcmp(text.ptr, "PGDMP", 5) == 0) {
        rc = ls_err_set(err, LS_E_INPUT, "%s is an archive of pg_dump (custom format), not a file of SQL", path);
        ls_err_hint(err, "pg_restore --schema-only -f schema.sql %s makes one", path);
    }
    if (rc == LS_OK && side_text_dialect(text.ptr, text.len, &said)) {
        d = said;
    } else if (rc == LS_OK && !j->opts.has_dialect) {
        rc = ls_err_set(err, LS_E_USAGE, "nothing says which database the file is for");
        ls_err_hint(err, "say it: --dialect postgres or --dialect sqlite");
    }
    if (rc == LS_OK && d == LS_DIALECT_POSTGRES)
        rc = side_clean_text(j, path, &text, err);
    if (rc == LS_OK)
        rc = side_load_text(j, d, path, text.ptr, text.len, false, source, out, err);
    ls_buf_release(&text);
    free(source);
    return rc;
}
