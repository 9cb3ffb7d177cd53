/* Writing migrations down in a tool's manner, and giving them other keys, by the tool's table. */
#include <config.h>

#include "lockstep/format/layout.h"

#include <inttypes.h>
#include <string.h>

#include "format/ops.h"
#include "format/record.h"
#include "format/section.h"
#include "format/table.h"
#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/sql/split.h"

/* --- texts ---------------------------------------------------------------------------------------------------------------------------------------- */

static bool is_own(const struct ls_layout *l, struct ls_str line)
{
    for (const char *const *own = l->own; own != NULL && *own != NULL; own++)
        if (ls_str_starts_nocase(ls_str_skip_blanks(line), *own, NULL))
            return true;
    return false;
}

void ls_layout_body(const struct ls_layout *l, const char *text, size_t len, struct ls_buf *out)
{
    struct ls_line line = {.no = 0};
    size_t start = out->len, blank;

    while (ls_line_next(text, len, &line))
        if (!is_own(l, line.text))
            ls_buf_add(out, text + line.start, line.next - line.start);
    /* Blank lines that stood around the markers. */
    blank = start;
    while (blank < out->len && strchr("\r\n", out->ptr[blank]) != NULL)
        blank++;
    memmove(out->ptr + start, out->ptr + blank, out->len - blank);
    ls_buf_truncate(out, out->len - (blank - start));
    while (out->len > start + 1 && strchr("\r\n \t", out->ptr[out->len - 1]) != NULL && strchr("\r\n \t", out->ptr[out->len - 2]) != NULL)
        ls_buf_truncate(out, out->len - 1);
    if (out->len > start && out->ptr[out->len - 1] != '\n')
        ls_buf_addc(out, '\n');
}

/* A ';' that ends a line, in front of the statement's end: tools that cut at line ends would cut there. */
static bool is_compound(const char *text, size_t len)
{
    while (len > 0 && strchr("; \t\r\n", text[len - 1]) != NULL)
        len--;
    for (size_t i = 0; i < len; i++)
        if (text[i] == ';')
            return true;
    return false;
}

static void add_line(struct ls_buf *out, const char *line)
{
    if (out->len > 0 && out->ptr[out->len - 1] != '\n')
        ls_buf_addc(out, '\n');
    ls_buf_adds(out, line);
    ls_buf_addc(out, '\n');
}

/* The text with what the tool wants around or between statements; as it is when it cannot be split. */
static void add_statements(const struct ls_layout *l, enum ls_dialect d, const char *text, size_t len, struct ls_buf *out)
{
    struct ls_stmts stmts = {0};
    size_t at = 0;
    bool wants = l->stmt_begin != NULL || l->stmt_between != NULL;

    if (wants && ls_sql_split(d, text, len, &stmts, NULL) == LS_OK) {
        for (size_t i = 0; i < stmts.n; i++) {
            size_t end = i + 1 < stmts.n ? stmts.v[i + 1].start : len, stop = stmts.v[i].end;
            bool wrap = l->stmt_begin != NULL && is_compound(text + stmts.v[i].start, stop - stmts.v[i].start);

            while (stop < end && text[stop - 1] != ';' && text[stop] != '\n')
                stop++;
            if (wrap) {
                ls_buf_add(out, text + at, stmts.v[i].start - at);
                add_line(out, l->stmt_begin);
                at = stmts.v[i].start;
            }
            ls_buf_add(out, text + at, stop - at);
            at = stop;
            if (l->stmt_begin != NULL && text[stop - 1] != ';') /* the last one may do without; these tools do not */
                ls_buf_addc(out, ';');
            if (wrap)
                add_line(out, l->stmt_end);
            if (l->stmt_between != NULL && i + 1 < stmts.n)
                add_line(out, l->stmt_between);
            while ((wrap || l->stmt_between != NULL) && at < end && strchr("\r\n", text[at]) != NULL)
                at++;
        }
    }
    ls_buf_add(out, text + at, len - at);
    ls_stmts_release(&stmts);
}

static void add_mark(const struct ls_layout *l, const char *mark, bool no_tx, struct ls_buf *out)
{
    if (mark == NULL)
        return;
    ls_buf_adds(out, mark);
    if (no_tx && l->no_tx_word != NULL)
        ls_buf_addf(out, " %s", l->no_tx_word);
    ls_buf_addc(out, '\n');
}

static const char *seal(struct ls_arena *arena, struct ls_buf *b, size_t *len)
{
    const char *text = ls_arena_strn(arena, b->ptr, b->len);

    *len = b->len;
    ls_buf_release(b);
    return text;
}

static void one_part(const struct ls_layout *l, enum ls_dialect d, struct ls_arena *arena, const char *text, size_t len, bool no_tx,
                     struct ls_written_file *out)
{
    struct ls_buf b = LS_BUF_INIT;

    if (no_tx && l->no_tx_line != NULL)
        add_line(&b, l->no_tx_line);
    add_statements(l, d, text, len, &b);
    out->text = seal(arena, &b, &out->len);
}

static void both_parts(const struct ls_layout *l, enum ls_dialect d, struct ls_arena *arena, const struct ls_written *w, struct ls_written_file *out)
{
    struct ls_buf b = LS_BUF_INIT;
    bool has_down = l->down_mark != NULL && (w->down != NULL || l->needs_down);

    if ((w->up_no_tx || w->down_no_tx) && l->no_tx_line != NULL)
        add_line(&b, l->no_tx_line);
    add_mark(l, l->up_mark, w->up_no_tx, &b);
    add_statements(l, d, w->up, w->up_len, &b);
    if (has_down) {
        if (b.len > 0 && b.ptr[b.len - 1] != '\n')
            ls_buf_addc(&b, '\n');
        ls_buf_addc(&b, '\n');
        add_mark(l, l->down_mark, w->down_no_tx, &b);
        if (w->down != NULL)
            add_statements(l, d, w->down, w->down_len, &b);
    }
    out->text = seal(arena, &b, &out->len);
}

static const char *path_of(const struct ls_layout *l, struct ls_arena *arena, const char *prefix, const struct ls_written *w, const char *end)
{
    const char *between = w->name[0] != '\0' ? l->between : "";

    return ls_arena_printf(arena, "%s%s%s%s%s%s", prefix != NULL ? prefix : "", w->key, between, w->name, l->kind == LS_LAYOUT_FOLDER ? "/" : "", end);
}

size_t ls_layout_write(const struct ls_layout *l, enum ls_dialect d, struct ls_arena *arena, const struct ls_written *w, struct ls_written_file out[3])
{
    size_t n = 0;
    bool no_tx = w->up_no_tx || w->down_no_tx;

    out[n].path = path_of(l, arena, l->prefix, w, l->up);
    if (l->kind == LS_LAYOUT_FILE)
        both_parts(l, d, arena, w, &out[n++]);
    else
        one_part(l, d, arena, w->up, w->up_len, w->up_no_tx, &out[n++]);
    if (w->down != NULL && (l->down != NULL || l->undo_prefix != NULL)) {
        out[n].path = path_of(l, arena, l->undo_prefix != NULL ? l->undo_prefix : l->prefix, w, l->down != NULL ? l->down : l->up);
        one_part(l, d, arena, w->down, w->down_len, w->down_no_tx, &out[n++]);
    }
    if (no_tx && l->no_tx_file != NULL) {
        out[n].path = path_of(l, arena, l->prefix, w, l->no_tx_file);
        out[n].text = l->no_tx_text;
        out[n].len = strlen(l->no_tx_text);
        n++;
    }
    return n;
}

/* --- other keys -------------------------------------------------------------------------------------------------------------------------------------- */

static const char *strip(struct ls_arena *arena, const char *label)
{
    char *out = ls_arena_str(arena, label), *to = out;

    for (const char *p = label; *p != '\0'; p++)
        if (*p != '-' && *p != '.')
            *to++ = *p;
    *to = '\0';
    return out;
}

static const char *canonical(const char *digits)
{
    while (digits[0] == '0' && digits[1] != '\0')
        digits++;
    return digits;
}

/* The id follows the label in one of the ways that formats make one of the other. */
static const char *new_id(struct ls_arena *arena, const struct ls_migration *m, const char *label)
{
    size_t n = strlen(m->label);

    if (strcmp(m->id, m->label) == 0)
        return ls_arena_str(arena, label);
    if (strcmp(m->id, canonical(m->label)) == 0)
        return ls_arena_str(arena, canonical(label));
    if (strcmp(m->id, strip(arena, m->label)) == 0)
        return strip(arena, label);
    if (strncmp(m->id, m->label, n) == 0)
        return ls_arena_printf(arena, "%s%s", label, m->id + n);
    return NULL;
}

/* DIR/NAME with the label in NAME's front, behind the prefix (one letter of V or U), replaced. */
static const char *relabel_path(const struct ls_layout *l, struct ls_arena *arena, const char *path, const char *old, const char *label)
{
    const char *base = ls_path_base(path), *at = base;
    size_t n = strlen(old);

    if (l->prefix != NULL)
        at += at[0] != '\0';
    if (strncmp(at, old, n) != 0 || (at[n] >= '0' && at[n] <= '9')) {
        /* The two halves of one migration may be written with other numbers of zeros. */
        n = strspn(at, "0123456789");
        if (n == 0 || strcmp(canonical(ls_arena_strn(arena, at, n)), canonical(old)) != 0)
            return NULL;
    }
    return ls_arena_printf(arena, "%.*s%s%s", (int)(at - path), path, label, at + n);
}

/* The folder right below all->dir that a path is in. */
static const char *folder_in(struct ls_arena *arena, const struct ls_migrations *all, const char *path)
{
    size_t n = strlen(all->dir);
    const char *slash = strncmp(path, all->dir, n) == 0 && path[n] == '/' ? strchr(path + n + 1, '/') : NULL;

    return slash != NULL ? ls_arena_strn(arena, path, (size_t)(slash - path)) : NULL;
}

enum ls_rc ls_layout_relabel(const struct ls_layout *l, struct ls_arena *arena, const struct ls_migrations *all, const struct ls_migration *m,
                             const char *label, struct ls_relabelled *out, struct ls_err *err)
{
    const char *paths[3] = {m->up.path, m->down.path, m->verify.path};

    *out = (struct ls_relabelled){.id = new_id(arena, m, label)};
    for (size_t i = 0; i < LS_ARRAY_LEN(paths); i++) {
        const char *from = paths[i], *to;
        bool is_known = from == NULL;

        if (from != NULL && l->kind == LS_LAYOUT_FOLDER)
            from = folder_in(arena, all, from);
        for (size_t k = 0; from != NULL && k < out->n; k++)
            is_known = is_known || strcmp(out->from[k], from) == 0;
        if (is_known)
            continue;
        to = from != NULL ? relabel_path(l, arena, from, m->label, label) : NULL;
        if (to == NULL) {
            ls_err_set(err, LS_E_REFUSED, "%s does not begin with %s: it cannot be given another number by its name", paths[i], m->label);
            return LS_E_REFUSED;
        }
        out->from[out->n] = from;
        out->to[out->n++] = to;
    }
    if (out->id == NULL || out->n == 0) {
        ls_err_set(err, LS_E_REFUSED, "%s cannot be given another number: its key is not made of its name", m->label);
        return LS_E_REFUSED;
    }
    out->script = ls_path_base(out->to[0]);
    return LS_OK;
}

/* YYYYMMDDhhmmss as far as that can be told from 14 digits. */
static bool is_stamp(const char *label)
{
    return strlen(label) == 14 && strspn(label, "0123456789") == 14 && (strncmp(label, "19", 2) == 0 || strncmp(label, "20", 2) == 0);
}

const char *ls_layout_next_label(struct ls_arena *arena, const struct ls_migration *m, uint64_t above, int64_t wall_us, size_t n)
{
    size_t width = strlen(m->label), digits = strspn(m->label, "0123456789");
    int64_t at = wall_us + (int64_t)n * 1000000;
    uint64_t version = above + 1 + n;
    char t[LS_ISO_LEN];

    ls_stamp_utc(at, t);
    if (digits == 4 && width > 15 && m->label[4] == '-') /* diesel's 2024-01-01-000000 */
        return ls_arena_printf(arena, "%.4s-%.2s-%.2s-%.6s%s", t, t + 4, t + 6, t + 8, width > 17 ? "-0000" : "");
    if (is_stamp(m->label))
        version = strtoull(t, NULL, 10) > above ? strtoull(t, NULL, 10) : version;
    else if (width == 17 && digits == 17)
        version = strtoull(ls_arena_printf(arena, "%s000", t), NULL, 10);
    else if (width == 13 && digits == 13 && m->label[0] == '1')
        version = (uint64_t)(at / 1000);
    else if (width == 10 && digits == 10 && m->version >= 1000000000u)
        version = (uint64_t)(at / 1000000);
    if (version <= above)
        version = above + 1 + n;
    return ls_arena_printf(arena, "%0*" PRIu64, (int)width, version);
}

/* --- the ledger ----------------------------------------------------------------------------------------------------------------------------------------- */

static const char *column(struct ls_arena *arena, const char *name)
{
    return ls_arena_printf(arena, "\"%s\"", name);
}

static struct ls_param key_param(const struct ls_layout *l, const char *id)
{
    return l->key_is_number ? ls_param_int(id) : ls_param_text(id);
}

enum ls_rc ls_layout_rekey(const struct ls_format *f, struct ls_plan_ctx *ctx, struct ls_step *step, const char *old_id, const struct ls_relabelled *now,
                           struct ls_err *err)
{
    const struct ls_layout *l = f->layout;
    const char *table = ls_table_sql_of(ctx, f->ledger_table, err), *key;
    struct ls_arena *arena = ctx->plan->arena;
    struct ls_param p[3];
    const char *script = l->script != NULL && now->script != NULL ? ls_arena_printf(arena, ", \"%s\" = ?3", l->script) : "";

    if (table == NULL)
        return LS_E_INPUT;
    key = column(arena, l->key);
    p[0] = key_param(l, ls_arena_str(arena, now->id));
    p[1] = key_param(l, ls_arena_str(arena, old_id));
    p[2] = ls_param_text(ls_arena_str(arena, now->script));
    ls_record_begin(ctx, step, table, key, p[1], true);
    ls_ops_fence(ctx, step, ls_record_sql(ctx, ls_arena_printf(arena, "SELECT NOT EXISTS (SELECT 1 FROM @ WHERE %s = ?1)", key), table), p, 1);
    ls_record_write(ctx, step, ls_arena_printf(arena, "UPDATE @ SET %s = ?1%s WHERE %s = ?2", key, script, key), table, p, script[0] != '\0' ? 3 : 2, -1);
    ls_record_end(ctx, step);
    return LS_OK;
}

/* "2026-11-29T16:38:44.123Z" as SQLite's CURRENT_TIMESTAMP writes times, which is what most tools keep there. */
static const char *sqlite_time(struct ls_arena *arena, const char *iso)
{
    char *out = ls_arena_strn(arena, iso, strlen(iso) < 19 ? strlen(iso) : 19);

    if (strlen(out) == 19 && out[10] == 'T')
        out[10] = ' ';
    return out;
}

enum ls_rc ls_layout_set_time(const struct ls_format *f, struct ls_plan_ctx *ctx, struct ls_step *step, const char *id, const char *iso, struct ls_err *err)
{
    const struct ls_layout *l = f->layout;
    const char *table;
    struct ls_arena *arena = ctx->plan->arena;
    struct ls_param p[2];

    if (l->applied_at == NULL || l->key == NULL || iso == NULL)
        return LS_OK;
    table = ls_table_sql_of(ctx, f->ledger_table, err);
    if (table == NULL)
        return LS_E_INPUT;
    p[0] = ls_param_text(ctx->dialect == LS_DIALECT_SQLITE && f != &ls_format_lockstep ? sqlite_time(arena, iso) : ls_arena_str(arena, iso));
    p[1] = key_param(l, ls_arena_str(arena, id));
    ls_record_write(ctx, step, ls_arena_printf(arena, "UPDATE @ SET \"%s\" = ?1 WHERE \"%s\" = ?2", l->applied_at, l->key), table, p, 2, -1);
    return LS_OK;
}

void ls_moved_release(struct ls_moved *m)
{
    LS_VEC_RELEASE(&m->writes);
    LS_VEC_RELEASE(&m->from);
    LS_VEC_RELEASE(&m->to);
    LS_VEC_RELEASE(&m->labels);
    LS_VEC_RELEASE(&m->lost);
}
