/* A SQLite database's schema as facts: sqlite_schema read once, each text cut by our own lexer. PRAGMA table_list tells what the text does not: which
 * tables are the shadows of a virtual one. All in one read transaction, so that nothing changes in between. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db/db_internal.h"
#include "db/sqlite/catalog_priv.h"
#include "db/sqlite/lite_internal.h"
#include "lockstep/base/mem.h"
#include "lockstep/db/catalog.h"

static bool is_left_out(const struct lite_reader *r, const char *table)
{
    for (size_t i = 0; r->opts->without != NULL && r->opts->without[i] != NULL; i++) {
        const char *name = r->opts->without[i];

        if (strncasecmp(name, "main.", 5) == 0)
            name += 5;
        if (strcasecmp(name, table) == 0)
            return true;
    }
    return false;
}

/* --- the file --- */

static enum ls_rc pragma(struct ls_db *db, const char *sql, struct ls_buf *out, const char *name, struct ls_err *err)
{
    struct ls_result res;
    enum ls_rc rc = ls_db_query(db, sql, NULL, 0, &res, err);

    if (rc != LS_OK)
        return rc;
    if (res.n_rows > 0 && ls_result_get(&res, 0, 0) != NULL)
        ls_buf_addf(out, "%s%s=%s", out->len > 0 ? ", " : "", name, ls_result_get(&res, 0, 0));
    ls_result_release(&res);
    return LS_OK;
}

/* What belongs to the file and means something; how it is written (WAL) and what the connection does (foreign_keys) are notes. */
enum ls_rc lite_read_file(struct lite_reader *r, struct ls_err *err)
{
    static const struct {
        const char *sql, *name;
        bool is_note;
    } pragmas[] = {{"PRAGMA application_id", "application_id", false}, {"PRAGMA user_version", "user_version", false},
                   {"PRAGMA encoding", "encoding", false},             {"PRAGMA journal_mode", "journal_mode", true},
                   {"PRAGMA foreign_keys", "foreign_keys", true}};
    uint32_t fact = ls_catalog_add(r->b, LS_FACT_DATABASE, "", NULL, "file");
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; i < LS_ARRAY_LEN(pragmas) && rc == LS_OK; i++)
        rc = pragma(r->db, pragmas[i].sql, pragmas[i].is_note ? &r->note : &r->setting, pragmas[i].name, err);
    ls_catalog_set(r->b, fact, LS_A_SETTING, r->setting.ptr);
    ls_catalog_set(r->b, fact, LS_A_PARTS, r->note.ptr);
    return rc;
}

/* --- shadow tables --- */

static enum ls_rc read_shadows(struct lite_reader *r, struct ls_err *err)
{
    struct ls_result res;
    struct ls_err old = LS_ERR_INIT;
    enum ls_rc rc = ls_db_query(r->db, "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type IN ('shadow', 'virtual')", NULL, 0, &res,
                                &old);

    if (rc == LS_E_SQL) { /* older than 3.37 */
        ls_err_release(&old);
        return LS_OK;
    }
    if (rc != LS_OK) {
        ls_err_move(err, &old);
        return rc;
    }
    for (size_t i = 0; i < res.n_rows; i++) {
        const char *name = ls_catalog_intern(r->b, ls_result_get(&res, i, 0));

        ls_buf_addf(&r->hidden, "%s %s\n", ls_result_get(&res, i, 1), name);
        if (strcmp(ls_result_get(&res, i, 1), "shadow") == 0)
            *LS_VEC_PUSH(&r->shadows) = name;
        else
            *LS_VEC_PUSH(&r->virtuals) = name;
    }
    ls_result_release(&res);
    return LS_OK;
}

/* Shadow tables are named after theirs: docs_content of docs. */
static bool is_shadow(const struct lite_reader *r, const char *name)
{
    for (size_t i = 0; i < r->shadows.n; i++)
        if (strcasecmp(r->shadows.v[i], name) == 0)
            return true;
    return false;
}

static void set_shadows(struct lite_reader *r, uint32_t fact, const char *name)
{
    struct ls_buf parts = LS_BUF_INIT;
    size_t n = strlen(name);

    for (size_t i = 0; i < r->shadows.n; i++)
        if (strncasecmp(r->shadows.v[i], name, n) == 0 && r->shadows.v[i][n] == '_')
            ls_buf_addf(&parts, "%s%s", parts.len > 0 ? ", " : "", r->shadows.v[i]);
    ls_catalog_set(r->b, fact, LS_A_PARTS, parts.ptr);
    ls_buf_release(&parts);
}

/* --- objects --- */

struct object {
    const char *type, *name, *table, *sql;
};

static const struct kind {
    const char *type;
    enum ls_fact_kind kind;
    void (*read)(struct lite_ddl *d, uint32_t fact); /* NULL: a table */
} kinds[] = {{"table", LS_FACT_TABLE, NULL},
             {"index", LS_FACT_INDEX, lite_index},
             {"view", LS_FACT_VIEW, lite_view},
             {"trigger", LS_FACT_TRIGGER, lite_trigger}};

/* False: its text alone does not say all. */
static bool read_object(struct lite_reader *r, const struct object *o)
{
    struct lite_ddl d = {.b = r->b, .text = LS_BUF_INIT};
    const struct kind *k = NULL;
    bool hangs, is_virtual = false;
    uint32_t fact;

    for (size_t i = 0; i < LS_ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].type, o->type) == 0)
            k = &kinds[i];
    if (k == NULL)
        return false;
    hangs = ls_fact_kind_parent(k->kind) != LS_FACT_NONE;
    fact = ls_catalog_add(r->b, k->kind, "main", hangs ? o->table : NULL, o->name);
    lite_ddl_open(&d, o->sql);
    if (d.is_broken)
        ls_catalog_note(r->b, LS_SEV_WARNING, "odd-text", ls_arena_printf(ls_catalog_builder_arena(r->b), "the text of %s %s could not be read whole", o->type,
                                                                          o->name), NULL);
    if (!hangs)
        *LS_VEC_PUSH(&r->relations) = (struct lite_relation){ls_catalog_intern(r->b, o->name), fact};
    if (k->read != NULL) {
        k->read(&d, fact);
    } else if (lite_is(&d, 1, "VIRTUAL")) {
        is_virtual = true;
        lite_virtual_table(&d, fact);
        set_shadows(r, fact, o->name);
    } else {
        lite_table(&d, fact, ls_catalog_intern(r->b, o->name));
    }
    if (r->opts->with_definitions)
        ls_catalog_set(r->b, fact, LS_A_DEFINITION, o->sql);
    lite_ddl_close(&d);
    ls_buf_release(&d.text);
    return !is_virtual && !d.is_broken;
}

/* --- dependencies: what a text names --- */

static int by_name(const void *a, const void *b)
{
    return strcasecmp(((const struct lite_relation *)a)->name, ((const struct lite_relation *)b)->name);
}

/* All that may be a name, with their NULs. */
static void find_words(struct lite_reader *r, const char *sql, struct ls_buf *out)
{
    struct lite_ddl d = {.b = r->b, .text = LS_BUF_INIT};

    lite_ddl_open(&d, sql);
    while (d.i < d.n) {
        const char *name;

        if (d.t[d.i].kind != LS_TOK_WORD && d.t[d.i].kind != LS_TOK_QUOTED && d.t[d.i].kind != LS_TOK_KEYWORD) {
            d.i++;
            continue;
        }
        name = lite_name(&d);
        ls_buf_add(out, name, strlen(name) + 1);
    }
    lite_ddl_close(&d);
    ls_buf_release(&d.text);
}

static void depend_on_words(struct lite_reader *r, uint32_t fact, const char *words, size_t len)
{
    for (const char *p = words; p < words + len; p += strlen(p) + 1) {
        struct lite_relation key = {p, 0}, *found = bsearch(&key, r->relations.v, r->relations.n, sizeof(key), by_name);

        if (found != NULL)
            ls_catalog_depend(r->b, fact, found->fact);
    }
}

/* --- sizes --- */

#define MAX_MEASURED (64LL * 1024 * 1024) /* bytes of file: dbstat reads every page */

static void set_number(struct lite_reader *r, const char *table, enum ls_attr a, const char *value, size_t len)
{
    struct lite_relation key = {table, 0}, *found = bsearch(&key, r->relations.v, r->relations.n, sizeof(key), by_name);

    if (found != NULL && len > 0)
        ls_catalog_set(r->b, found->fact, a, ls_arena_strn(ls_catalog_builder_arena(r->b), value, len));
}

/* Estimates are there after ANALYZE: the first number of each line is the table's rows. */
static void read_estimates(struct lite_reader *r)
{
    struct ls_result res;

    if (ls_db_query(r->db, "SELECT tbl, max(stat) FROM main.sqlite_stat1 GROUP BY tbl", NULL, 0, &res, NULL) != LS_OK)
        return;
    for (size_t i = 0; i < res.n_rows; i++) {
        const char *table = ls_result_get(&res, i, 0), *stat = ls_result_get(&res, i, 1);

        if (table != NULL && stat != NULL)
            set_number(r, table, LS_A_ROWS, stat, strspn(stat, "0123456789"));
    }
    ls_result_release(&res);
}

/* Nice to have: a library without dbstat, or a file that is large, has none. */
static void read_sizes(struct lite_reader *r)
{
    struct ls_result res;
    long long bytes = MAX_MEASURED + 1;

    read_estimates(r);
    if (ls_db_query(r->db, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", NULL, 0, &res, NULL) != LS_OK)
        return;
    if (res.n_rows == 1 && ls_result_get(&res, 0, 0) != NULL)
        bytes = strtoll(ls_result_get(&res, 0, 0), NULL, 10);
    ls_result_release(&res);
    if (bytes > MAX_MEASURED || ls_db_query(r->db,
                                            "SELECT s.tbl_name, sum(d.pgsize) FROM dbstat AS d JOIN main.sqlite_schema AS s ON s.name = d.name "
                                            "WHERE d.aggregate = 1 GROUP BY s.tbl_name",
                                            NULL, 0, &res, NULL) != LS_OK)
        return;
    for (size_t i = 0; i < res.n_rows; i++)
        if (ls_result_get(&res, i, 1) != NULL)
            set_number(r, ls_result_get(&res, i, 0), LS_A_BYTES, ls_result_get(&res, i, 1), strlen(ls_result_get(&res, i, 1)));
    ls_result_release(&res);
}

/* --- all of it --- */

#define SCHEMA_QUERY                                                                                                                  \
    "SELECT type, name, tbl_name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"

/* A view, until all names are known. */
struct view {
    uint32_t fact;
    struct ls_buf words;
};

/* The facts of an object: as they were when it was read before, or from its text. */
static void take_object(struct lite_reader *r, const struct object *o, struct ls_buf *words)
{
    struct lite_text text = {.type = o->type, .name = o->name, .table = o->table, .sql = o->sql};
    const struct lite_text *kept = r->old != NULL ? lite_texts_find(r->old, &text) : NULL;
    struct ls_catalog_place place = ls_catalog_builder_place(r->b);
    struct ls_buf facts = LS_BUF_INIT;
    bool is_view = strcmp(o->type, "view") == 0;

    r->n_kept += kept != NULL;
    if (kept != NULL && kept->facts != NULL) {
        uint32_t fact = ls_catalog_builder_replay(r->b, kept->facts, kept->facts_len);

        if (is_view || strcmp(o->type, "table") == 0)
            *LS_VEC_PUSH(&r->relations) = (struct lite_relation){ls_catalog_intern(r->b, o->name), fact};
        if (kept->words != NULL)
            ls_buf_add(words, kept->words, kept->words_len);
        if (r->next != NULL)
            lite_texts_add(r->next, kept);
        return;
    }
    if (is_view)
        find_words(r, o->sql, words);
    if (read_object(r, o) && r->next != NULL) {
        ls_catalog_builder_record(r->b, place, &facts);
        text.facts = facts.ptr;
        text.facts_len = facts.len;
        text.words = words->len > 0 ? words->ptr : NULL;
        text.words_len = words->len;
    }
    if (r->next != NULL)
        lite_texts_add(r->next, &text);
    ls_buf_release(&facts);
}

static enum ls_rc read_objects(struct lite_reader *r, struct ls_err *err)
{
    struct ls_result res;
    LS_VEC(struct view) views = {0};
    enum ls_rc rc = ls_db_query(r->db, SCHEMA_QUERY, NULL, 0, &res, err);

    if (rc != LS_OK)
        return rc;
    for (size_t i = 0; i < res.n_rows; i++) {
        struct object o = {ls_result_get(&res, i, 0), ls_result_get(&res, i, 1), ls_result_get(&res, i, 2), ls_result_get(&res, i, 3)};
        struct ls_buf words = LS_BUF_INIT;

        if (is_left_out(r, o.table) || is_shadow(r, o.name))
            continue;
        take_object(r, &o, &words);
        if (strcmp(o.type, "view") == 0)
            *LS_VEC_PUSH(&views) = (struct view){r->relations.v[r->relations.n - 1].fact, words};
    }
    if (r->relations.n > 1)
        qsort(r->relations.v, r->relations.n, sizeof(*r->relations.v), by_name);
    for (size_t i = 0; i < views.n; i++) {
        depend_on_words(r, views.v[i].fact, views.v[i].words.ptr, views.v[i].words.len);
        ls_buf_release(&views.v[i].words);
    }
    if (r->opts->with_sizes)
        read_sizes(r);
    LS_VEC_RELEASE(&views);
    ls_result_release(&res);
    return LS_OK;
}

enum ls_rc lite_schema_version(struct ls_db *db, struct ls_buf *out, struct ls_err *err)
{
    ls_buf_clear(out);
    return pragma(db, "PRAGMA schema_version", out, "schema", err);
}

void lite_reader_release(struct lite_reader *r)
{
    ls_catalog_builder_free(r->b);
    LS_VEC_RELEASE(&r->relations);
    LS_VEC_RELEASE(&r->shadows);
    LS_VEC_RELEASE(&r->virtuals);
    ls_buf_release(&r->setting);
    ls_buf_release(&r->note);
    ls_buf_release(&r->hidden);
    lite_texts_free(r->next);
    *r = (struct lite_reader){.db = NULL};
}

void lite_reader_init(struct lite_reader *r, struct ls_db *db, const struct ls_catalog_opts *opts)
{
    *r = (struct lite_reader){.db = db,
                         .opts = opts,
                         .b = ls_catalog_builder_new(LS_DIALECT_SQLITE),
                         .setting = LS_BUF_INIT,
                         .note = LS_BUF_INIT,
                         .hidden = LS_BUF_INIT};
}

static enum ls_rc read_once(struct lite_reader *r, struct ls_buf *before, struct ls_buf *after, struct ls_err *err)
{
    enum ls_rc rc = lite_schema_version(r->db, before, err);

    if (rc == LS_OK)
        rc = lite_read_file(r, err);
    if (rc == LS_OK)
        rc = read_shadows(r, err);
    if (rc == LS_OK)
        rc = read_objects(r, err);
    if (rc == LS_OK)
        rc = lite_schema_version(r->db, after, err);
    return rc;
}

enum ls_rc lite_read_stable(struct lite_reader *r, struct lite_texts *old, bool keeps, struct ls_buf *version, struct ls_err *err)
{
    struct ls_db *db = r->db;
    const struct ls_catalog_opts *opts = r->opts;
    struct ls_buf after = LS_BUF_INIT;
    enum ls_rc rc = LS_OK;
    bool is_stable = false;

    for (int tries = 0; tries < 2 && !is_stable && rc == LS_OK; tries++) {
        lite_reader_release(r);
        lite_reader_init(r, db, opts);
        r->old = old;
        r->next = keeps ? lite_texts_new() : NULL;
        rc = read_once(r, version, &after, err);
        is_stable = rc == LS_OK && strcmp(version->ptr, after.ptr) == 0;
    }
    if (rc == LS_OK && !is_stable) {
        rc = LS_E_CHANGED;
        ls_err_set(err, rc, "the schema changed while it was read, twice");
        ls_err_hint(err, "something else is changing the database now: try again when it is done");
    }
    ls_buf_release(&after);
    return rc;
}

struct ls_catalog *lite_reader_freeze(struct lite_reader *r)
{
    struct ls_catalog *c = ls_catalog_freeze(r->b, r->opts->source, r->db->info.server, r->db->info.server_version);

    r->b = NULL;
    return c;
}

enum ls_rc lite_catalog(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog **out, struct ls_err *err)
{
    struct ls_buf version = LS_BUF_INIT;
    struct lite_reader r;
    enum ls_rc rc;

    lite_reader_init(&r, db, opts);
    rc = lite_read_stable(&r, NULL, false, &version, err);
    if (rc == LS_OK)
        *out = lite_reader_freeze(&r);
    lite_reader_release(&r);
    ls_buf_release(&version);
    return rc;
}
