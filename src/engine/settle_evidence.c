/* What the catalogue shows of each migration, seen together: what a later one took away or made again says nothing about an earlier
 * one. */
#include <config.h>

#include "engine/settle_evidence.h"

#include <stdlib.h>
#include <string.h>

#include "engine/session_priv.h"
#include "lockstep/base/find.h"
#include "lockstep/base/mem.h"

/* The last migration that names an object and is not known not to have run; or that has a word in a statement that drops or
 * renames something. */
struct last {
    const char *object;
    size_t at;
};
struct lasts {
    LS_VEC(struct last) l;
};

static int compare(const void *pa, const void *pb)
{
    const struct last *a = pa, *b = pb;
    int c = strcmp(a->object, b->object);

    return c != 0 ? c : (a->at > b->at) - (a->at < b->at);
}

static void sort(struct lasts *out)
{
    size_t n = 0;

    if (out->l.n > 1)
        qsort(out->l.v, out->l.n, sizeof(*out->l.v), compare);
    for (size_t i = 0; i < out->l.n; i++)
        if (i + 1 == out->l.n || strcmp(out->l.v[i].object, out->l.v[i + 1].object) != 0)
            out->l.v[n++] = out->l.v[i];
    out->l.n = n;
}

static void collect(const struct ls_evidences *all, struct lasts *out)
{
    for (size_t i = 0; i < all->r.n; i++)
        for (size_t k = 0; all->counts.v[i] && k < all->r.v[i].stmts.n; k++) {
            const struct ls_trace *t = &all->r.v[i].stmts.v[k].trace;

            if (t->object[0] != '\0' && t->verdict != LS_TRACE_ABSENT)
                *LS_VEC_PUSH(&out->l) = (struct last){t->object, i};
            for (const char *const *also = t->also; also != NULL && *also != NULL; also++)
                if (strcmp(*also, t->object) != 0)
                    *LS_VEC_PUSH(&out->l) = (struct last){*also, i};
        }
    sort(out);
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

/* The next word in small letters; *len 0 at the end. */
static const char *next_word(struct ls_arena *arena, const char **p, const char *end, size_t *len)
{
    const char *start;
    char *out;

    while (*p < end && !is_word(**p))
        ++*p;
    start = *p;
    while (*p < end && is_word(**p))
        ++*p;
    *len = (size_t)(*p - start);
    out = ls_arena_strn(arena, start, *len);
    for (char *c = out; *c != '\0'; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    return out;
}

/* Whatever is in a statement that drops or renames, in a quoted body too: what it says of a name is not worked out. */
static void add_words(struct ls_arena *arena, const char *text, size_t n, size_t at, struct lasts *out)
{
    static const char *const moves[] = {"drop", "rename", "cascade", "execute"};
    const char *p = text, *end = text + n, *word;
    size_t first = out->l.n, len;
    bool disturbs = false;

    for (word = next_word(arena, &p, end, &len); len > 0; word = next_word(arena, &p, end, &len)) {
        for (size_t i = 0; i < LS_ARRAY_LEN(moves); i++)
            disturbs = disturbs || strcmp(word, moves[i]) == 0;
        *LS_VEC_PUSH(&out->l) = (struct last){word, at};
    }
    if (!disturbs)
        out->l.n = first;
}

static void add_section(struct ls_session *s, struct ls_arena *arena, const struct ls_migration *m, size_t at, struct lasts *out)
{
    struct ls_source src = {.text = LS_BUF_INIT};

    if (m->up.path != NULL && ls_source_load(&m->up, ls_db_dialect(ls_session_db(s)), NULL, &src, NULL) == LS_OK &&
        src.stmts != NULL)
        for (size_t i = 0; i < src.stmts->n; i++)
            add_words(arena, src.text.ptr + src.stmts->v[i].start, src.stmts->v[i].end - src.stmts->v[i].start, at, out);
    ls_source_release(&src);
}

static bool is_later(const struct lasts *all, const char *object, size_t from)
{
    size_t at;

    LS_FIND_FIRST(at, all->l.n, strcmp(all->l.v[at].object, object) < 0);
    return at < all->l.n && strcmp(all->l.v[at].object, object) == 0 && all->l.v[at].at > from;
}

/* Whether a name, schema aside, is in a later statement that drops or renames: every word of it. */
static bool is_disturbed(const struct lasts *words, struct ls_arena *arena, const char *name, size_t n, size_t from)
{
    const char *p = name, *end = name + n, *word, *dot = memrchr(name, '.', n);
    size_t len;
    bool all = true;

    if (dot != NULL && dot + 1 < end)
        p = dot + 1;
    for (word = next_word(arena, &p, end, &len); len > 0; word = next_word(arena, &p, end, &len))
        all = all && is_later(words, word, from);
    return all;
}

/* The object itself, or the table that it goes with. */
static bool may_be_gone(const struct lasts *words, struct ls_arena *arena, const struct ls_trace *t, size_t from)
{
    const char *name = strchr(t->object, ' '), *of = strstr(t->object, " of ");

    if (strncmp(t->object, "materialized view ", 18) == 0)
        name = t->object + 17;
    if (name == NULL)
        return false;
    if (t->table != NULL && is_disturbed(words, arena, t->table, strlen(t->table), from))
        return true;
    return is_disturbed(words, arena, name + 1, of != NULL ? (size_t)(of - name - 1) : strlen(name + 1), from);
}

/* An object that a later migration names too, or whose table one does: what is seen of it is what that one left. */
static bool is_shadowed(const struct lasts *all, struct ls_arena *arena, size_t from, const struct ls_trace *trace)
{
    const char *of = strstr(trace->object, " of "), *dot;

    if (is_later(all, trace->object, from))
        return true;
    if (of == NULL)
        return false;
    dot = strrchr(of + 4, '.');
    return is_later(all, ls_arena_printf(arena, "table %s", of + 4), from) ||
           (dot != NULL && is_later(all, ls_arena_printf(arena, "table %s", dot + 1), from));
}

static enum ls_settle_found found_of(const struct ls_reading *r)
{
    size_t n_made = 0, n_there = 0, n_absent = 0, n_unknown = 0, n_part = 0;

    for (size_t i = 0; i < r->stmts.n; i++) {
        const struct ls_trace *t = &r->stmts.v[i].trace;

        n_made += t->makes && t->verdict == LS_TRACE_APPLIED && !r->stmts.v[i].is_inferred;
        n_there += t->verdict == LS_TRACE_APPLIED;
        n_absent += t->verdict == LS_TRACE_ABSENT;
        n_unknown += t->verdict == LS_TRACE_UNKNOWN;
        n_part += t->verdict == LS_TRACE_INVALID;
    }
    if (n_part > 0 || (n_made > 0 && n_absent > 0))
        return LS_FOUND_PART;
    if (n_absent > 0 && n_there == 0)
        return r->is_whole || n_unknown == 0 ? LS_FOUND_NOTHING : LS_FOUND_UNKNOWN;
    /* What only takes away proves nothing: it may never have been there. */
    if (n_made > 0 && n_absent == 0)
        return r->is_whole || n_unknown == 0 ? LS_FOUND_ALL : LS_FOUND_UNKNOWN;
    return LS_FOUND_UNKNOWN;
}

static void shade(struct ls_arena *arena, const struct lasts *lasts, const struct lasts *words, struct ls_evidences *all, size_t at)
{
    struct ls_reading *r = &all->r.v[at];
    size_t n_left = 0;

    for (size_t i = 0; i < r->stmts.n; i++) {
        struct ls_trace *t = &r->stmts.v[i].trace;

        if (t->object[0] != '\0' && is_shadowed(lasts, arena, at, t)) {
            t->verdict = LS_TRACE_UNKNOWN;
            t->says = ls_arena_printf(arena, "cannot be known: a later migration is about %s too", t->object);
        } else if (t->object[0] != '\0' && t->makes && t->verdict == LS_TRACE_ABSENT && may_be_gone(words, arena, t, at)) {
            t->verdict = LS_TRACE_UNKNOWN;
            t->says = ls_arena_printf(
                arena, "cannot be known: %s is not there, and a later migration drops or renames something of that name",
                t->object);
        } else if (t->object[0] != '\0' && !r->stmts.v[i].is_inferred && t->verdict != LS_TRACE_UNKNOWN) {
            n_left++;
        }
    }
    /* What was inferred from one of those stands on nothing now. */
    for (size_t i = 0; i < r->stmts.n && n_left == 0; i++)
        if (r->stmts.v[i].is_inferred) {
            r->stmts.v[i].trace.verdict = LS_TRACE_UNKNOWN;
            r->stmts.v[i].trace.says = "cannot be known: the catalogue shows nothing of this migration alone";
        }
}

static void keep_statements(struct ls_arena *arena, const struct ls_reading *r, struct ls_settle_evidence *e)
{
    const char **statements = LS_ARENA_ARRAY(arena, const char *, r->stmts.n + 1),
               **says = LS_ARENA_ARRAY(arena, const char *, r->stmts.n + 1);

    for (size_t i = 0; i < r->stmts.n; i++) {
        statements[i] = r->stmts.v[i].first_line;
        says[i] = r->stmts.v[i].trace.says;
    }
    e->statements = statements;
    e->says = says;
    e->n = r->stmts.n;
}

enum ls_rc ls_evidence_read(struct ls_session *s, const struct ls_snapshot *snap, struct ls_arena *arena, ls_evidence_counts counts,
                            void *ctx, struct ls_evidences *out, struct ls_err *err)
{
    enum ls_rc rc = ls_session_connect_to_read(s, err);

    struct lasts lasts = {0}, words = {0};

    *out = (struct ls_evidences){0};
    if (rc == LS_OK)
        rc = autopsy_names_read(ls_session_db(s), &s->names, err);
    for (size_t i = 0; rc == LS_OK && i < snap->timeline.e.n; i++) {
        const struct ls_entry *e = &snap->timeline.e.v[i];
        struct ls_reading *r = LS_VEC_PUSH(&out->r);
        const struct ls_migration *m = e->migration;

        *LS_VEC_PUSH(&out->counts) = counts(ctx, e);
        *r = (struct ls_reading){0};
        if (m != NULL && m->lang == LS_LANG_SQL && m->kind == LS_KIND_VERSIONED)
            rc = ls_reading_look(s, arena, m, LS_UP, 0, 0, false, r, err);
        if (rc == LS_OK && out->counts.v[i] && r->stmts.n > 0)
            add_section(s, arena, m, i, &words);
    }
    autopsy_names_free(s->names);
    s->names = NULL;
    sort(&words);
    collect(out, &lasts);
    for (size_t i = 0; rc == LS_OK && i < out->r.n; i++)
        shade(arena, &lasts, &words, out, i);
    LS_VEC_RELEASE(&lasts.l);
    LS_VEC_RELEASE(&words.l);
    return rc;
}

enum ls_settle_found ls_evidence_found(const struct ls_evidences *all, size_t at)
{
    return found_of(&all->r.v[at]);
}

bool ls_evidence_claimed(void *ctx, const struct ls_entry *e)
{
    (void)ctx;
    return e->state == LS_STATE_APPLIED || e->state == LS_STATE_MODIFIED || e->evidence == LS_EVIDENCE_INFERRED;
}

void ls_evidence_of(const struct ls_evidences *all, size_t at, struct ls_arena *arena, const struct ls_entry *e,
                    struct ls_settle_evidence *out)
{
    const struct ls_reading *r = &all->r.v[at];
    const struct ls_migration *m = e->migration;

    *out = (struct ls_settle_evidence){.id = ls_arena_str(arena, e->id),
                                       .label = ls_arena_str(arena, e->label),
                                       .name = ls_arena_str(arena, e->name),
                                       .path = ls_arena_str(arena, m != NULL ? m->up.path : NULL),
                                       .found = found_of(r)};
    out->ledger_says = e->evidence == LS_EVIDENCE_INFERRED ? "applied, by its cursor"
                       : e->state == LS_STATE_DIRTY        ? "dirty"
                       : e->row != NULL && (e->state == LS_STATE_APPLIED || e->state == LS_STATE_MODIFIED) ? "applied"
                       : e->state == LS_STATE_MISSING ? "applied, without a file"
                                                      : "pending";
    keep_statements(arena, r, out);
}

void ls_evidences_release(struct ls_evidences *all)
{
    for (size_t i = 0; i < all->r.n; i++)
        ls_reading_release(&all->r.v[i]);
    LS_VEC_RELEASE(&all->r);
    LS_VEC_RELEASE(&all->counts);
}
