/* What of each migration goes to the other tool, under which key, and what has no place there. */
#include <config.h>

#include "engine/convert.h"

#include <inttypes.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/sql/split.h"

#define MAX_DIGITS 18

static void LS_PRINTF(5, 6) lose(struct ls_convert *cv, enum ls_severity severity, const char *code, const char *path, const char *fmt, ...)
{
    struct ls_buf b = LS_BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    ls_buf_vaddf(&b, fmt, ap);
    va_end(ap);
    ls_settle_note(cv->t, &cv->t->lost, severity, code, path, "%s", b.ptr);
    ls_buf_release(&b);
}

/* --- keys and names --------------------------------------------------------------------------------------------------------------------------------- */

static const char *stripped(struct ls_arena *a, const char *label)
{
    char *out = ls_arena_str(a, label), *to = out;

    for (const char *p = label; *p != '\0'; p++)
        if (*p != '-')
            *to++ = *p;
    *to = '\0';
    return out;
}

static bool are_digits(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && n <= MAX_DIGITS && strspn(s, "0123456789") == n;
}

/* The source's own numbers, when all are numbers above zero, each larger than the one before it. */
static bool can_keep_keys(struct ls_convert *cv, size_t *width)
{
    uint64_t last = 0;

    *width = 0;
    for (size_t i = 0; i < cv->c.n; i++) {
        const char *key = stripped(cv->t->arena, cv->c.v[i].entry->label);
        uint64_t n = are_digits(key) ? strtoull(key, NULL, 10) : 0;

        if (n <= last)
            return false;
        last = n;
        *width = strlen(key) > *width ? strlen(key) : *width;
    }
    return true;
}

static const char *slug(struct ls_arena *a, const char *name)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *out;

    for (const char *p = name; *p != '\0' && b.len < 150; p++) {
        bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '-';

        if (is_plain)
            ls_buf_addc(&b, *p);
        else if (b.len > 0 && b.ptr[b.len - 1] != '_')
            ls_buf_addc(&b, '_');
    }
    while (b.len > 0 && b.ptr[b.len - 1] == '_')
        ls_buf_truncate(&b, b.len - 1);
    out = b.len > 0 ? ls_arena_strn(a, b.ptr, b.len) : "migration";
    ls_buf_release(&b);
    return out;
}

static void name_all(struct ls_convert *cv)
{
    struct ls_arena *a = cv->t->arena;
    bool counts_from_zero = cv->target == &ls_format_drizzle;
    size_t width, digits = 4;
    bool keep = !counts_from_zero && can_keep_keys(cv, &width);

    for (size_t n = cv->c.n; n > 9999; n /= 10)
        digits++;
    for (size_t i = 0; i < cv->c.n; i++) {
        struct ls_carried *c = &cv->c.v[i];
        const char *key = stripped(a, c->entry->label);

        if (!keep)
            c->w.key = ls_arena_printf(a, "%0*zu", (int)digits, counts_from_zero ? i : i + 1);
        else if (cv->target->layout->text_order)
            c->w.key = ls_arena_printf(a, "%0*" PRIu64, (int)width, (uint64_t)strtoull(key, NULL, 10));
        else
            c->w.key = key;
        c->w.name = slug(a, c->entry->name);
    }
    if (!keep && cv->c.n > 0)
        ls_settle_note(cv->t, &cv->t->findings, LS_SEV_INFO, "numbered-anew", NULL, "%s: they are counted anew, from %s on, in the order of %s",
                       counts_from_zero ? "the target counts its files" : "the numbers that they have cannot be kept", cv->c.v[0].w.key, cv->snap->format->title);
}

/* --- texts ------------------------------------------------------------------------------------------------------------------------------------------- */

static bool has_no_tx(const struct ls_layout *l)
{
    return l->no_tx_line != NULL || l->no_tx_word != NULL || l->no_tx_file != NULL;
}

static bool is_one_block(const struct ls_stmts *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        n += s->v[i].tx == LS_TX_CONTROLS;
    return n == 2 && s->n > 2 && s->v[0].tx == LS_TX_CONTROLS && s->v[s->n - 1].tx == LS_TX_CONTROLS;
}

static size_t count_class(const struct ls_stmts *s, enum ls_tx_class tx)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        n += s->v[i].tx == tx;
    return n;
}

/* The text without its first and its last statement, which are BEGIN and COMMIT. */
static void drop_block(const struct ls_buf *text, const struct ls_stmts *s, struct ls_buf *out)
{
    size_t from = s->v[0].end, to = s->v[s->n - 1].start, behind = s->v[s->n - 1].end;

    while (from < to && strchr("; \t\r\n", text->ptr[from]) != NULL)
        from++;
    while (behind < text->len && strchr("; \t\r\n", text->ptr[behind]) != NULL)
        behind++;
    ls_buf_add(out, text->ptr, s->v[0].start);
    ls_buf_add(out, text->ptr + from, to - from);
    ls_buf_add(out, text->ptr + behind, text->len - behind);
}

static void judge_tx(struct ls_convert *cv, const struct ls_section *sec, const struct ls_stmts *s, bool *no_tx)
{
    const struct ls_layout *l = cv->target->layout;
    size_t n_forbids = count_class(s, LS_TX_FORBIDS), n_controls = count_class(s, LS_TX_CONTROLS);
    bool wants = sec->policy == LS_POLICY_NO_TX || n_forbids > 0 || n_controls > 0;

    *no_tx = l->wraps && wants && has_no_tx(l);
    if (l->wraps && wants && !has_no_tx(l))
        lose(cv, LS_SEV_ERROR, "no-transaction", sec->path, n_controls > 0 ? "it has transactions of its own, and %s puts one around every file"
                                                                            : "it must run outside of a transaction, and %s puts one around every file",
             cv->target->title);
    else if (!l->wraps && n_forbids > 0 && s->n > 1)
        lose(cv, LS_SEV_ERROR, "no-transaction", sec->path, "a statement of it must run alone, and %s sends the file as one query, which is one transaction",
             cv->target->title);
    else if (!l->wraps && sec->policy == LS_POLICY_NO_TX && s->n > 1)
        lose(cv, LS_SEV_WARNING, "no-transaction", sec->path, "its statements commit one by one; %s sends the file as one query, which is one transaction",
             cv->target->title);
}

static bool holds(const struct ls_buf *text, const char *word)
{
    return word != NULL && memmem(text->ptr, text->len, word, strlen(word)) != NULL;
}

/* One section's text for the other tool; NULL with *rc LS_OK: it has none. */
static const char *carry(struct ls_convert *cv, const struct ls_section *sec, size_t *len, bool *no_tx, bool *dropped, enum ls_rc *rc, struct ls_err *err)
{
    struct ls_source src = {.text = LS_BUF_INIT};
    struct ls_buf body = LS_BUF_INIT, plain = LS_BUF_INIT;
    struct ls_stmts stmts = {0};
    const struct ls_layout *own = cv->snap->format->layout;
    const char *out = NULL;

    *rc = LS_OK;
    *no_tx = false;
    if (sec->path == NULL)
        return NULL;
    *rc = ls_source_load(sec, cv->dialect, NULL, &src, err);
    if (*rc != LS_OK)
        goto out;
    if (own != NULL)
        ls_layout_body(own, src.text.ptr, src.text.len, &body);
    else
        ls_buf_add(&body, src.text.ptr, src.text.len);
    *rc = ls_sql_split(cv->dialect, body.ptr, body.len, &stmts, err);
    if (*rc != LS_OK) {
        ls_err_wrap(err, "%s", sec->path);
        goto out;
    }
    if (cv->target->layout->wraps && sec->policy != LS_POLICY_NO_TX && is_one_block(&stmts)) {
        drop_block(&body, &stmts, &plain);
        *dropped = true;
        lose(cv, LS_SEV_INFO, "transaction-control", sec->path, "its own BEGIN and COMMIT are left out: %s puts a transaction around it", cv->target->title);
    } else {
        ls_buf_add(&plain, body.ptr, body.len);
        judge_tx(cv, sec, &stmts, no_tx);
    }
    if (holds(&plain, cv->target->layout->variables))
        lose(cv, LS_SEV_ERROR, "variables", sec->path, "%s takes \"%s\" in it for a variable", cv->target->title, cv->target->layout->variables);
    out = ls_arena_strn(cv->t->arena, plain.ptr, plain.len);
    *len = plain.len;
out:
    ls_stmts_release(&stmts);
    ls_buf_release(&body);
    ls_buf_release(&plain);
    ls_source_release(&src);
    return out;
}

static enum ls_rc carry_one(struct ls_convert *cv, struct ls_carried *c, struct ls_err *err)
{
    const struct ls_migration *m = c->entry->migration;
    const struct ls_layout *l = cv->target->layout;
    bool has_down = l->down != NULL || l->down_mark != NULL || l->undo_prefix != NULL;
    enum ls_rc rc;

    c->w.up = carry(cv, &m->up, &c->w.up_len, &c->w.up_no_tx, &c->is_block_dropped, &rc, err);
    if (rc == LS_OK && has_down)
        c->w.down = carry(cv, &m->down, &c->w.down_len, &c->w.down_no_tx, &c->is_block_dropped, &rc, err);
    if (rc != LS_OK)
        return rc;
    if (c->w.up == NULL) {
        c->w.up = "";
        lose(cv, LS_SEV_WARNING, "missing-up", m->down.path, "%s has no up part: the new one is empty", c->entry->label);
    }
    if (!has_down && m->down.path != NULL)
        lose(cv, LS_SEV_WARNING, "down", m->down.path, "%s takes nothing back: the down of %s is left behind", cv->target->title, c->entry->label);
    else if (l->undo_prefix != NULL && m->down.path != NULL)
        lose(cv, LS_SEV_INFO, "down", m->down.path, "it becomes an undo file, which only the paid editions of %s run", cv->target->title);
    if (m->verify.path != NULL && cv->target != &ls_format_lockstep)
        lose(cv, LS_SEV_WARNING, "verify", m->verify.path, "%s has no checks that run behind a migration", cv->target->title);
    if (l->kind == LS_LAYOUT_FILE && l->no_tx_line != NULL && c->w.down != NULL && c->w.up_no_tx != c->w.down_no_tx)
        lose(cv, LS_SEV_WARNING, "no-transaction", m->up.path, "both halves will run outside of a transaction: %s knows one word for the whole file", cv->target->title);
    return LS_OK;
}

/* --- which ones ----------------------------------------------------------------------------------------------------------------------------------------- */

static enum ls_rc refuse(const struct ls_migration *m, const char *why, const char *hint, struct ls_err *err)
{
    ls_err_set(err, LS_E_REFUSED, "%s %s", m->up.path != NULL ? m->up.path : m->label, why);
    ls_err_hint(err, "%s", hint);
    return LS_E_REFUSED;
}

static enum ls_rc pick(struct ls_convert *cv, const struct ls_entry *e, struct ls_err *err)
{
    const struct ls_migration *m = e->migration;
    const char *path;

    if (m == NULL) {
        lose(cv, LS_SEV_WARNING, "missing-file", NULL, "%s is in the ledger and has no file: it is left behind", e->label);
        return LS_OK;
    }
    path = m->up.path != NULL ? m->up.path : m->down.path;
    if ((m->flags & LS_MIG_DUPLICATE) != 0)
        return refuse(m, "shares its number with another one", "settle that first: lockstep renumber", err);
    if ((m->flags & (LS_MIG_BROKEN | LS_MIG_UNPARSED)) != 0 && m->lang == LS_LANG_SQL)
        return refuse(m, "cannot be read as the tool would read it", "see what verify says about it, and mend it first", err);
    if (m->lang != LS_LANG_SQL) {
        lose(cv, LS_SEV_ERROR, "code", path, "%s is %s: it cannot be written as SQL", e->label, m->lang == LS_LANG_CODE ? "program code" : "a script for the database's client program");
    } else if (m->kind != LS_KIND_VERSIONED) {
        lose(cv, m->kind == LS_KIND_TAG ? LS_SEV_INFO : LS_SEV_WARNING, ls_kind_name(m->kind), path, "%s is of a kind that the new folder has no place for (%s)", e->name, ls_kind_name(m->kind));
    } else {
        if ((m->flags & LS_MIG_DYNAMIC) != 0)
            lose(cv, LS_SEV_ERROR, "variables", path, "it holds placeholders, which %s fills in and the new tool does not", cv->snap->format->title);
        *LS_VEC_PUSH(&cv->c) = (struct ls_carried){.entry = e};
    }
    return LS_OK;
}

enum ls_rc ls_convert_texts(struct ls_convert *cv, struct ls_err *err)
{
    const struct ls_timeline *t = &cv->snap->timeline;
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; rc == LS_OK && i < t->e.n; i++)
        rc = pick(cv, &t->e.v[i], err);
    for (size_t i = 0; rc == LS_OK && i < cv->c.n; i++)
        rc = carry_one(cv, &cv->c.v[i], err);
    if (rc == LS_OK)
        name_all(cv);
    if (rc == LS_OK && (cv->snap->format->caps & LS_CAP_DAG) != 0)
        lose(cv, LS_SEV_WARNING, "graph", NULL, "branches and dependencies become one line, in the order that %s shows", cv->snap->format->title);
    return rc;
}
