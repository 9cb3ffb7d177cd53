/* A fix's files, as `new` would make them, with the statements in them. */
#include <config.h>

#include "engine/index_fix_priv.h"

#include <string.h>
#include <strings.h>

#include "lockstep/base/file.h"
#include "lockstep/engine/new_files.h"
#include "lockstep/format/layout.h"
#include "lockstep/sql/lex.h"
#include "lockstep/sql/quote.h"
#include "lockstep/sql/split.h"

/* --- what is written already ------------------------------------------------------------------------------------------------------ */

/* CREATE [UNIQUE] INDEX or DROP INDEX of that name. */
static bool is_about(enum ls_dialect d, const char *sql, size_t len, const char *name)
{
    struct ls_buf quoted = LS_BUF_INIT;
    struct ls_lex lx;
    struct ls_tok t;
    int n = 0;
    bool is_index = false, is = false;

    if (ls_sql_ident(&quoted, name, NULL) != LS_OK)
        return false;
    ls_lex_init(&lx, d, sql, len);
    for (t = ls_lex_next(&lx); !is && t.kind != LS_TOK_END && t.kind != LS_TOK_ERROR; t = ls_lex_next(&lx)) {
        size_t width = t.end - t.start;

        if (t.kind == LS_TOK_SPACE || t.kind == LS_TOK_COMMENT)
            continue;
        if (n++ == 0 && !ls_tok_is(&lx, &t, "CREATE") && !ls_tok_is(&lx, &t, "DROP"))
            break;
        is_index = is_index || (n <= 3 && ls_tok_is(&lx, &t, "INDEX"));
        is = is_index && ((width == quoted.len && memcmp(sql + t.start, quoted.ptr, width) == 0) ||
                          (width == strlen(name) && strncasecmp(sql + t.start, name, width) == 0));
    }
    ls_buf_release(&quoted);
    return is;
}

static enum ls_rc refuse_pending(const struct ls_migration *m, const char *name, struct ls_err *err)
{
    ls_err_set(err, LS_E_REFUSED, "%s is pending, and makes or drops the index %s already", m->up.path, name);
    ls_err_hint(err, "apply it first: lockstep up; or take it away and write it anew");
    return LS_E_REFUSED;
}

/* A fix that is asked for twice is a migration that waits to be applied. What cannot be read is told by verify, not here. */
static enum ls_rc check_pending(const struct ls_snapshot *snap, const struct ls_fix_text *t, struct ls_err *err)
{
    enum ls_dialect d = snap->info.dialect;
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; snap->has_db && rc == LS_OK && i < snap->timeline.e.n; i++) {
        const struct ls_entry *e = &snap->timeline.e.v[i];
        struct ls_source src = {.text = LS_BUF_INIT};
        struct ls_err own = LS_ERR_INIT;
        bool is_open = e->state == LS_STATE_PENDING || e->state == LS_STATE_OUT_OF_ORDER || e->state == LS_STATE_ROLLED_BACK;

        if (!is_open || e->migration == NULL || e->migration->lang != LS_LANG_SQL || e->migration->up.path == NULL)
            continue;
        if (ls_source_load(&e->migration->up, d, NULL, &src, &own) == LS_OK && src.stmts != NULL)
            for (size_t s = 0; rc == LS_OK && s < src.stmts->n; s++)
                for (uint32_t k = 0; rc == LS_OK && k < t->n_names; k++)
                    if (is_about(d, src.text.ptr + src.stmts->v[s].start, src.stmts->v[s].end - src.stmts->v[s].start, t->names[k]))
                        rc = refuse_pending(e->migration, t->names[k], err);
        ls_source_release(&src);
        ls_err_release(&own);
    }
    return rc;
}

/* --- the files -------------------------------------------------------------------------------------------------------------------- */

struct saver {
    struct ls_arena *arena;
    const struct ls_format *format;
    const struct ls_fix_text *t;
    enum ls_dialect dialect;
    const char *paths[LS_NEW_FILES_MAX + 1], *texts[LS_NEW_FILES_MAX + 1];
    int n;
};

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

static void add_file(struct saver *v, const char *path, const char *text)
{
    if (v->n <= LS_NEW_FILES_MAX) {
        v->paths[v->n] = path;
        v->texts[v->n++] = text;
    }
}

/* In front: a file that says how the others are run must not come behind them. */
static void add_first(struct saver *v, const char *path, const char *text)
{
    add_file(v, path, text);
    for (int i = v->n - 1; i > 0; i--) {
        v->paths[i] = v->paths[i - 1];
        v->texts[i] = v->texts[i - 1];
    }
    v->paths[0] = path;
    v->texts[0] = text;
}

static const char *sibling(struct saver *v, const char *path, const char *old_end, const char *new_end)
{
    return ls_arena_printf(v->arena, "%.*s%s", (int)(strlen(path) - strlen(old_end)), path, new_end);
}

static void fill_pair(struct saver *v, const struct ls_layout *l, const struct ls_written *w)
{
    struct ls_written_file files[3];
    size_t n = ls_layout_write(l, v->dialect, v->arena, w, files);

    for (int i = 0; i < v->n; i++) {
        if (l->down != NULL && ends_with(v->paths[i], l->down))
            v->texts[i] = n > 1 ? files[1].text : "";
        else if (ends_with(v->paths[i], ".sql"))
            v->texts[i] = files[0].text;
    }
    if ((w->up_no_tx || w->down_no_tx) && l->no_tx_file != NULL)
        add_first(v, sibling(v, v->paths[0], ls_path_base(v->paths[0]), l->no_tx_file), l->no_tx_text);
}

/* One file with both, or, of the plain convention, a second one for the way back. */
static void fill_file(struct saver *v, const struct ls_layout *l, const struct ls_written *w)
{
    struct ls_written_file files[3];
    struct ls_written one = *w, back = {.key = w->key, .name = w->name, .up = w->down, .up_len = w->down_len, .up_no_tx = w->down_no_tx};
    bool is_two = v->n > 1 && ends_with(v->paths[1], ".down.sql");
    size_t n;

    if (is_two) {
        one.down = NULL;
        (void)ls_layout_write(l, v->dialect, v->arena, &back, files);
        v->texts[1] = files[0].text;
    }
    n = ls_layout_write(l, v->dialect, v->arena, &one, files);
    v->texts[0] = files[0].text;
    if (n > 1 && l->undo_prefix != NULL) {
        const char *base = ls_path_base(v->paths[0]);

        add_file(v, ls_arena_printf(v->arena, "%.*s%s%s", (int)(base - v->paths[0]), v->paths[0], l->undo_prefix, base + strlen(l->prefix)), files[1].text);
    }
}

static enum ls_rc fill(struct saver *v, uint32_t part, struct ls_err *err)
{
    const struct ls_layout *l = v->format->layout;
    struct ls_written w = {.key = "0", .name = v->t->slugs[part], .up = v->t->ups[part], .down = v->t->downs[part], .up_no_tx = v->t->up_alone[part],
                           .down_no_tx = v->t->down_alone[part]};

    w.up_len = strlen(w.up);
    w.down_len = strlen(w.down);
    if (l == NULL)
        return fix_code(v->arena, v->format, v->dialect, &w, v->paths, v->texts, v->n, err);
    if (l->kind == LS_LAYOUT_FILE)
        fill_file(v, l, &w);
    else
        fill_pair(v, l, &w);
    if (v->format == &ls_format_lockstep && v->t->verify != NULL)
        add_file(v, sibling(v, v->paths[0], ".up.sql", ".verify.sql"), v->t->verify);
    return LS_OK;
}

/* A name that none of them has: to some tools it is a class, or the key itself. '-' and '_' are one to others. */
static const char *free_slug(struct saver *v, const struct ls_migrations *m, const char *slug)
{
    const char *name = slug;

    for (int n = 2; n < 1000; n++) {
        bool is_taken = false;

        for (size_t i = 0; i < m->m.n && !is_taken; i++) {
            const char *a = m->m.v[i].name, *b = name;

            while (*a != '\0' && (*a == *b || (*a == '-' && *b == '_'))) {
                a++;
                b++;
            }
            is_taken = *a == *b;
        }
        if (!is_taken)
            return name;
        name = ls_arena_printf(v->arena, "%s_%d", slug, n);
    }
    return name;
}

static enum ls_rc save_part(struct saver *v, const struct ls_migrations *m, uint32_t part, int64_t wall_us, struct ls_new_files *written,
                            struct ls_err *err)
{
    enum ls_rc rc;

    v->n = v->format->new_files(v->arena, m, free_slug(v, m, v->t->slugs[part]), wall_us, v->paths, v->texts, err);
    if (v->n <= 0)
        return err != NULL && err->code != LS_OK ? err->code : LS_E_INPUT;
    rc = fill(v, part, err);
    return rc == LS_OK ? ls_new_files_write(written, v->n, v->paths, v->texts, err) : rc;
}

static void list_paths(const struct ls_new_files *written, struct ls_fix_files *out)
{
    const char **paths = LS_ARENA_ARRAY(out->arena, const char *, written->f.n);
    uint32_t n = 0;

    for (size_t i = 0; i < written->f.n; i++) {
        bool is_known = false;

        for (uint32_t k = 0; k < n; k++)
            is_known = is_known || strcmp(paths[k], written->f.v[i].path) == 0;
        if (!is_known)
            paths[n++] = ls_arena_str(out->arena, written->f.v[i].path);
    }
    out->paths = paths;
    out->n_paths = n;
}

enum ls_rc ls_fix_save(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_fix_text *t, int64_t wall_us, struct ls_fix_files *out,
                       struct ls_err *err)
{
    const struct ls_format *format = snap->format != NULL ? snap->format : &ls_format_lockstep;
    struct saver v = {.arena = ls_arena_new(), .format = format, .t = t, .dialect = snap->info.dialect};
    struct ls_new_files written = {0};
    enum ls_rc rc = LS_OK;

    (void)s;
    *out = (struct ls_fix_files){.arena = ls_arena_new()};
    if (format->new_files == NULL)
        rc = ls_err_set(err, LS_E_UNSUPPORTED, "new migrations of %s are made with %s itself", format->title, format->title);
    if (rc == LS_OK)
        rc = check_pending(snap, t, err);
    for (uint32_t i = 0; rc == LS_OK && i < t->n_parts; i++) {
        struct ls_migrations again = {0};

        /* Behind the first one the folder is another, and so is the next number. */
        if (i > 0)
            rc = format->scan(snap->migrations.dir, v.dialect, false, &again, err);
        if (rc == LS_OK)
            rc = save_part(&v, i > 0 ? &again : &snap->migrations, i, wall_us + (int64_t)i * 1000000, &written, err);
        ls_migrations_release(&again);
    }
    if (rc == LS_OK)
        list_paths(&written, out);
    else
        ls_new_files_take_back(&written);
    ls_new_files_release(&written);
    ls_arena_free(v.arena);
    if (rc != LS_OK)
        ls_fix_files_release(out);
    return rc;
}

void ls_fix_files_release(struct ls_fix_files *f)
{
    ls_arena_free(f->arena);
    *f = (struct ls_fix_files){0};
}
