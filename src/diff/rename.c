/* Which of what is gone and what is new may be one thing under two names.
 *
 * In this order, because each helps the next: relations (by their columns), columns (within a pair of relations), then all else that says the same once those
 * names are followed. What fits several ways is said to be ambiguous, and is never guessed. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "diff/priv.h"
#include "lockstep/base/mem.h"
#include "lockstep/sql/lex.h"

#define MIN_SCORE   0.60 /* below, two names are two things */
#define MIN_MARGIN  0.05 /* a rival this near makes it ambiguous */
#define SURE_SCORE  0.80
#define SURE_MARGIN 0.25 /* no rival nearer than this: certain */
enum { MAX_PAIRS = 250000, MAX_AMBIGUOUS = 100 };

struct candidate {
    uint32_t a, b;
    double score;
    bool is_alike; /* everything but the name is the same */
    const char *evidence;
};
typedef LS_VEC(struct candidate) candidates;

static int by_score(const void *x, const void *y)
{
    const struct candidate *a = x, *b = y;

    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->a != b->a)
        return a->a < b->a ? -1 : 1;
    return a->b < b->b ? -1 : a->b > b->b;
}

/* --- what the operator said before --- */

/* Walks along one side's hints from the older fact's name; whether it ends at the newer one's. */
static bool leads_to(const struct ls_catalog *hints, const struct ls_fact *old, const struct ls_fact *new)
{
    const char *name = old->name;

    for (size_t i = 0; i < hints->n_hints; i++) {
        const struct ls_rename_hint *h = &hints->hints[i];
        bool is_here = h->schema[0] == '\0' || strcmp(h->schema, old->schema) == 0 || strcmp(h->schema, new->schema) == 0;

        if (old->kind == LS_FACT_COLUMN)
            is_here = is_here && h->table != NULL && (strcmp(h->table, old->parent) == 0 || strcmp(h->table, new->parent) == 0);
        else
            is_here = is_here && h->table == NULL;
        if (is_here && strcmp(h->from, name) == 0)
            name = h->to;
    }
    return name != old->name && strcmp(name, new->name) == 0;
}

/* Both sources keep their renamings, and the newer one has this. Which is the newer is not known here. */
static bool is_hinted(const struct match *m, const struct ls_fact *a, const struct ls_fact *b)
{
    bool is_kind = a->kind == LS_FACT_COLUMN || a->kind == LS_FACT_TABLE || a->kind == LS_FACT_VIEW;

    return is_kind && m->a->hints_of && m->b->hints_of && (leads_to(m->b, a, b) || leads_to(m->a, b, a));
}

enum { SAID_NOTHING, SAID_YES, SAID_BY_SOURCE, SAID_NO = -1 };

/* The operator's word before the source's. */
static int choice_of(const struct match *m, const struct ls_fact *a, const struct ls_fact *b)
{
    struct ls_buf from = LS_BUF_INIT, to = LS_BUF_INIT;
    int said = is_hinted(m, a, b) ? SAID_BY_SOURCE : SAID_NOTHING;

    if (m->opts->n_choices == 0)
        return said;
    ls_fact_label(a, false, &from);
    ls_fact_label(b, false, &to);
    for (size_t i = 0; i < m->opts->n_choices; i++) {
        const struct ls_rename_choice *c = &m->opts->choices[i];

        if (strcmp(c->from, from.ptr) == 0 && strcmp(c->to, to.ptr) == 0)
            said = c->is_accepted ? SAID_YES : SAID_NO;
    }
    ls_buf_release(&from);
    ls_buf_release(&to);
    return said;
}

/* --- taking them --- */

void diff_follow(struct match *m, const struct ls_fact *a, const struct ls_fact *b)
{
    if (a->kind == LS_FACT_COLUMN)
        *LS_VEC_PUSH(&m->names) = (struct name_change){a->schema, a->parent, a->name, b->name};
    else if (ls_fact_kind_parent(a->kind) == LS_FACT_NONE && strcmp(a->name, b->name) != 0)
        *LS_VEC_PUSH(&m->names) = (struct name_change){a->schema, NULL, a->name, b->name};
}

static bool is_named_by_system(const struct ls_fact *f)
{
    return ls_fact_get(f, LS_A_SYSTEM_NAME) != NULL;
}

static void record(struct match *m, const struct candidate *c, enum ls_rename_state state, bool is_certain)
{
    const struct ls_fact *a = &m->a->facts[c->a], *b = &m->b->facts[c->b];

    if (state == LS_RENAME_PROPOSED && c->is_alike && (a->kind == LS_FACT_CONSTRAINT || a->kind == LS_FACT_SEQUENCE) &&
        is_named_by_system(a) && is_named_by_system(b)) {
        diff_pair(m, c->a, c->b); /* nobody gave it the one name, nor the other */
        diff_follow(m, a, b);
        return;
    }
    *LS_VEC_PUSH(&m->diff->renames) =
        (struct ls_rename){.a = a, .b = b, .score = c->score, .is_certain = is_certain, .state = state, .evidence = c->evidence};
    if (state != LS_RENAME_PROPOSED && state != LS_RENAME_ACCEPTED)
        return;
    diff_pair(m, c->a, c->b);
    m->rename_of[c->a] = (int32_t)(m->diff->renames.n - 1);
    diff_follow(m, a, b);
    if (a->kind == LS_FACT_TABLE || a->kind == LS_FACT_VIEW || a->kind == LS_FACT_MATVIEW)
        diff_pair_children(m, a, b);
}

static bool is_free(const struct match *m, const struct candidate *c)
{
    return m->b_of[c->a] == LS_NO_FACT && m->a_of[c->b] == LS_NO_FACT;
}

/* The best score among the others that want the same a or the same b, and are free. */
static double rival(const struct match *m, const candidates *all, size_t at)
{
    for (size_t i = 0; i < all->n; i++) { /* sorted: the first is the best */
        const struct candidate *c = &all->v[i];

        if (i != at && (c->a == all->v[at].a || c->b == all->v[at].b) && is_free(m, c))
            return c->score;
    }
    return 0;
}

/* The best of the rivals for a fact is enough to show that there are some. */
static int record_once(struct match *m, const struct candidate *c)
{
    for (size_t i = m->diff->renames.n; i-- > 0 && m->diff->renames.v[i].state == LS_RENAME_AMBIGUOUS;)
        if (m->diff->renames.v[i].a == &m->a->facts[c->a])
            return 0;
    record(m, c, LS_RENAME_AMBIGUOUS, false);
    return 1;
}

/* Best first; a choice of the operator before any score. */
static void take(struct match *m, candidates *all)
{
    int n_ambiguous = 0;

    if (all->n > 1)
        qsort(all->v, all->n, sizeof(*all->v), by_score);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < all->n; i++) {
            struct candidate *c = &all->v[i];
            int said;
            double other;

            if (!is_free(m, c))
                continue;
            said = choice_of(m, &m->a->facts[c->a], &m->b->facts[c->b]);
            if (said == SAID_BY_SOURCE)
                c->evidence = m->b->hints_of;
            if (pass == 0 && said > 0)
                record(m, c, LS_RENAME_ACCEPTED, true);
            if (pass == 0 && said < 0 && c->score >= MIN_SCORE)
                record(m, c, LS_RENAME_REJECTED, false);
            if (pass == 0 || said != 0 || c->score < MIN_SCORE)
                continue;
            other = rival(m, all, i);
            if (other > c->score - MIN_MARGIN && n_ambiguous < MAX_AMBIGUOUS)
                n_ambiguous += record_once(m, c);
            else if (other <= c->score - MIN_MARGIN)
                record(m, c, LS_RENAME_PROPOSED, c->is_alike && c->score >= SURE_SCORE && other < c->score - SURE_MARGIN);
        }
    }
    LS_VEC_RELEASE(all);
}

static bool is_alike(const struct match *m, const struct ls_fact *a, const struct ls_fact *b)
{
    struct ls_attr_change changes[LS_N_ATTRS];

    return diff_compare(m, a, b, changes) == 0;
}

/* --- relations --- */

/* Columns that both have, by name and type; of all that any has. */
static double shared_columns(const struct match *m, const struct ls_fact *a, const struct ls_fact *b, uint32_t *n_shared, uint32_t *n_all)
{
    uint32_t n_a, n_b, i = 0, j = 0, same_name = 0;
    const struct ls_fact *x = ls_catalog_children(m->a, a, LS_FACT_COLUMN, &n_a), *y = ls_catalog_children(m->b, b, LS_FACT_COLUMN, &n_b);

    *n_shared = 0;
    while (i < n_a && j < n_b) {
        int c = strcmp(x[i].name, y[j].name);

        if (c == 0) {
            const char *s = ls_fact_get(&x[i], LS_A_TYPE), *t = ls_fact_get(&y[j], LS_A_TYPE);

            same_name++;
            *n_shared += (s == t) || (s && t && strcmp(s, t) == 0);
            i++;
            j++;
        } else if (c < 0) {
            i++;
        } else {
            j++;
        }
    }
    *n_all = n_a + n_b - same_name;
    return *n_all == 0 ? 0 : (double)*n_shared / (double)*n_all;
}

static bool has_rows_alike(const struct ls_fact *a, const struct ls_fact *b)
{
    const char *s = ls_fact_get(a, LS_A_ROWS), *t = ls_fact_get(b, LS_A_ROWS);
    double x = s ? atof(s) : 0, y = t ? atof(t) : 0;

    return x >= 100 && y >= 100 && x / y < 1.1 && y / x < 1.1;
}

/* An index or a constraint that somebody named keeps its name when its table gets another; made anew it would have to have another as well. */
static bool has_kept_name(const struct match *m, const struct ls_fact *a, const struct ls_fact *b)
{
    static const enum ls_fact_kind kinds[] = {LS_FACT_CONSTRAINT, LS_FACT_INDEX, LS_FACT_TRIGGER, LS_FACT_POLICY};

    for (size_t k = 0; k < LS_ARRAY_LEN(kinds); k++) {
        uint32_t n;
        const struct ls_fact *f = ls_catalog_children(m->b, b, kinds[k], &n);

        for (uint32_t i = 0; i < n; i++)
            if (!is_named_by_system(&f[i]) && ls_catalog_find(m->a, kinds[k], a->schema, a->name, f[i].name))
                return true;
    }
    return false;
}

/* Something of another table, or a view, that needed the one and needs the other now. */
static bool has_kept_dependant(const struct match *m, uint32_t a, uint32_t b)
{
    uint32_t n, n_needs;
    const struct ls_dep *d = ls_catalog_needed_by(m->a, a, &n);

    for (uint32_t i = 0; i < n; i++) {
        uint32_t partner = m->b_of[d[i].from];
        const struct ls_dep *needs = partner == LS_NO_FACT ? NULL : ls_catalog_needs(m->b, partner, &n_needs);

        for (uint32_t k = 0; needs && k < n_needs; k++)
            if (needs[k].to == b)
                return true;
    }
    return false;
}

static void weigh_relations(struct match *m, uint32_t a, uint32_t b, candidates *out)
{
    const struct ls_fact *x = &m->a->facts[a], *y = &m->b->facts[b];
    uint32_t n_shared, n_all;
    double share = shared_columns(m, x, y, &n_shared, &n_all), name = diff_name_likeness(x->name, y->name);
    double score = 0.65 * share + 0.30 * name + (strcmp(x->schema, y->schema) == 0 ? 0.05 : 0);
    bool rows = has_rows_alike(x, y), kept;

    if (rows)
        score += 0.05;
    if (n_all == n_shared && n_all > 1 && score < MIN_SCORE) /* the same columns, all of them, under quite another name */
        score = MIN_SCORE;
    if ((share < 0.4 || score < MIN_SCORE) && choice_of(m, x, y) == 0)
        return;
    /* A table that was dropped and one like it that was made cannot be told from one that was renamed but by what went along. */
    kept = has_kept_name(m, x, y) || has_kept_dependant(m, a, b);
    *LS_VEC_PUSH(out) = (struct candidate){
        a, b, score > 1 ? 1 : score, n_all == n_shared && (kept || rows),
        ls_arena_printf(m->diff->arena, "%u of %u columns are the same; the names are %d %% alike%s%s", (unsigned)n_shared, (unsigned)n_all,
                        (int)(name * 100 + 0.5), rows ? "; about as many rows" : "", kept ? "; what hangs on it went along" : "")};
}

/* Unpaired facts of a kind on one side. */
static uint32_t *unpaired(const struct ls_catalog *c, const uint32_t *partner, const struct ls_fact *first, uint32_t n, uint32_t *n_out)
{
    uint32_t *out = ls_malloc(((size_t)n + 1) * sizeof(*out)), at = n > 0 ? ls_catalog_index(c, first) : 0;

    *n_out = 0;
    for (uint32_t i = 0; i < n; i++)
        if (partner[at + i] == LS_NO_FACT)
            out[(*n_out)++] = at + i;
    return out;
}

typedef void (*weigh_fn)(struct match *m, uint32_t a, uint32_t b, candidates *out);

static void weigh_all(struct match *m, const struct ls_fact *a, uint32_t n_a, const struct ls_fact *b, uint32_t n_b, weigh_fn weigh)
{
    uint32_t n_gone, n_new, *gone = unpaired(m->a, m->b_of, a, n_a, &n_gone), *fresh = unpaired(m->b, m->a_of, b, n_b, &n_new);
    candidates all = {0};

    if (n_gone > 0 && n_new > 0 && (uint64_t)n_gone * n_new <= MAX_PAIRS) {
        for (uint32_t i = 0; i < n_gone; i++)
            for (uint32_t j = 0; j < n_new; j++)
                weigh(m, gone[i], fresh[j], &all);
    }
    take(m, &all);
    free(gone);
    free(fresh);
}

static void weigh_kind(struct match *m, enum ls_fact_kind kind, weigh_fn weigh)
{
    uint32_t n_a, n_b;
    const struct ls_fact *a = ls_catalog_kind(m->a, kind, &n_a), *b = ls_catalog_kind(m->b, kind, &n_b);

    weigh_all(m, a, n_a, b, n_b, weigh);
}

/* --- columns --- */

/* Whether a list of columns or an expression holds that name. */
static bool mentions(enum ls_dialect d, const char *text, const char *name)
{
    struct ls_lex lx;
    size_t n = strlen(name);

    if (!text || !strstr(text, name))
        return false;
    ls_lex_init(&lx, d, text, strlen(text));
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END && t.kind != LS_TOK_ERROR; t = ls_lex_next(&lx)) {
        size_t quote = t.kind == LS_TOK_QUOTED;

        if ((t.kind == LS_TOK_WORD || t.kind == LS_TOK_KEYWORD || quote) && t.end - t.start == n + 2 * quote &&
            strncmp(text + t.start + quote, name, n) == 0)
            return true;
    }
    return false;
}

/* How a column is used by what hangs below its table: a number for each kind of use. */
enum { USE_PRIMARY, USE_UNIQUE, USE_FOREIGN, USE_CHECK, USE_INDEX, N_USES };
struct uses {
    unsigned n[N_USES];
    const char *references; /* of a foreign key with it, or NULL */
};

static struct uses uses_of(const struct ls_catalog *c, const struct ls_fact *column)
{
    const struct ls_fact table = {.schema = column->schema, .name = column->parent};
    static const enum ls_fact_kind kinds[] = {LS_FACT_CONSTRAINT, LS_FACT_INDEX};
    struct uses u = {.references = NULL};

    for (size_t k = 0; k < LS_ARRAY_LEN(kinds); k++) {
        uint32_t n;
        const struct ls_fact *f = ls_catalog_children(c, &table, kinds[k], &n);

        for (uint32_t i = 0; i < n; i++) {
            const char *form = ls_fact_get(&f[i], LS_A_FORM);

            if (!mentions(c->dialect, ls_fact_get(&f[i], LS_A_KEY), column->name) &&
                !mentions(c->dialect, ls_fact_get(&f[i], LS_A_EXPRESSION), column->name) &&
                !mentions(c->dialect, ls_fact_get(&f[i], LS_A_PREDICATE), column->name))
                continue;
            if (form && form[0] == 'f')
                u.references = ls_fact_get(&f[i], LS_A_REFERENCES);
            if (kinds[k] == LS_FACT_INDEX || !form)
                u.n[USE_INDEX]++;
            else
                u.n[form[0] == 'p' ? USE_PRIMARY : form[0] == 'u' ? USE_UNIQUE : form[0] == 'f' ? USE_FOREIGN : USE_CHECK]++;
        }
    }
    return u;
}

static bool is_equal_attr(const struct ls_fact *a, const struct ls_fact *b, enum ls_attr attr)
{
    const char *s = ls_fact_get(a, attr), *t = ls_fact_get(b, attr);

    return s == t || (s && t && strcmp(s, t) == 0);
}

/* The family of a type by its name without what is in brackets; NULL: a family of its own. */
static const char *family_of(const char *type, size_t len)
{
    static const struct {
        const char *type, *family;
    } members[] = {{"smallint", "integer"},       {"bigint", "integer"}, {"int", "integer"}, {"double precision", "real"},
                   {"character varying", "text"}, {"varchar", "text"},   {"jsonb", "json"},  {"timestamp with time zone", "timestamp"},
                   {"timestamp without time zone", "timestamp"}};

    for (size_t i = 0; i < LS_ARRAY_LEN(members); i++)
        if (strlen(members[i].type) == len && strncasecmp(members[i].type, type, len) == 0)
            return members[i].family;
    return NULL;
}

/* varchar(80) and varchar(255), numeric(10,2) and numeric(12,2), integer and bigint. */
static bool is_same_family(const char *a, const char *b)
{
    size_t n = a ? strcspn(a, "(") : 0, k = b ? strcspn(b, "(") : 0;
    const char *x = n > 0 ? family_of(a, n) : NULL, *y = k > 0 ? family_of(b, k) : NULL;

    if (x || y) {
        a = x ? x : a;
        b = y ? y : b;
        n = x ? strlen(x) : n;
        k = y ? strlen(y) : k;
    }
    return n > 0 && n == k && strncasecmp(a, b, n) == 0;
}

/* What is added comes last: a column in the place of one that is gone, in front of one that was there before, is that one. Where all
 * behind it are gone or new too, the place says little. */
enum place { PLACE_OTHER, PLACE_LAST, PLACE_HELD };

static enum place place_of(const struct match *m, const struct ls_fact *a, const struct ls_fact *b)
{
    const struct ls_fact table = {.schema = b->schema, .name = b->parent};
    const char *s = ls_fact_get(b, LS_A_POSITION);
    uint32_t n;
    const struct ls_fact *f = ls_catalog_children(m->b, &table, LS_FACT_COLUMN, &n);

    if (!s || !is_equal_attr(a, b, LS_A_POSITION))
        return PLACE_OTHER;
    for (uint32_t i = 0; i < n; i++) {
        const char *t = ls_fact_get(&f[i], LS_A_POSITION);
        uint32_t old = m->a_of[ls_catalog_index(m->b, &f[i])];

        if (t && atoi(t) > atoi(s) && old != LS_NO_FACT && is_equal_attr(&m->a->facts[old], &f[i], LS_A_POSITION))
            return PLACE_HELD;
    }
    return PLACE_LAST;
}

/* How alike the uses are: as often by each kind of constraint, and foreign keys lead to the same table. */
static bool is_used_alike(const struct match *m, const struct ls_fact *x, const struct uses *u, const struct uses *v)
{
    return memcmp(u->n, v->n, sizeof(u->n)) == 0 && (!u->references || diff_same_value(m, x, u->references, v->references));
}

static const char *column_evidence(struct match *m, bool type, enum place place, double name, const char *uses)
{
    static const char *const places[] = {"another place", "the same place", "the same place, in front of columns that stayed"};

    return ls_arena_printf(m->diff->arena, "%s, %s; the names are %d %% alike%s", type ? "the same type" : "a type of the same family or another",
                           places[place], (int)(name * 100 + 0.5), uses);
}

static void weigh_columns(struct match *m, uint32_t a, uint32_t b, candidates *out)
{
    static const double of_place[] = {0, 0.12, 0.22};
    const struct ls_fact *x = &m->a->facts[a], *y = &m->b->facts[b];
    enum place place = place_of(m, x, y);
    bool type = is_equal_attr(x, y, LS_A_TYPE), same_uses, other_table;
    double name = diff_name_likeness(x->name, y->name), score = 0.35 * name + of_place[place];
    struct uses u, v;
    unsigned n_uses = 0;

    score += type ? 0.25 : is_same_family(ls_fact_get(x, LS_A_TYPE), ls_fact_get(y, LS_A_TYPE)) ? 0.12 : 0;
    score += is_equal_attr(x, y, LS_A_DEFAULT) && is_equal_attr(x, y, LS_A_IDENTITY) && is_equal_attr(x, y, LS_A_GENERATED) ? 0.05 : 0;
    score += is_equal_attr(x, y, LS_A_NOT_NULL) ? 0.05 : 0;
    if (score + 0.15 < MIN_SCORE && choice_of(m, x, y) == 0)
        return;
    u = uses_of(m->a, x);
    v = uses_of(m->b, y);
    same_uses = is_used_alike(m, x, &u, &v);
    other_table = u.references && v.references && !same_uses;
    for (int i = 0; i < N_USES; i++)
        n_uses += u.n[i];
    score += other_table ? -0.20 : !same_uses ? 0 : n_uses > 0 ? 0.15 : 0.075;
    if (score < MIN_SCORE && choice_of(m, x, y) == 0)
        return;
    *LS_VEC_PUSH(out) = (struct candidate){a, b, score > 1 ? 1 : score, is_alike(m, x, y) && same_uses,
                                           column_evidence(m, type, place, name,
                                                           same_uses && n_uses > 0 ? "; used alike by constraints and indexes"
                                                           : other_table           ? "; they refer to different tables"
                                                                                   : "")};
}

/* --- all else --- */

/* Alike in everything but the name: the name decides only between several. */
static void weigh_alike(struct match *m, uint32_t a, uint32_t b, candidates *out)
{
    const struct ls_fact *x = &m->a->facts[a], *y = &m->b->facts[b];
    double name;

    if (x->n_attrs == 0 || y->n_attrs == 0 || !is_alike(m, x, y))
        return;
    name = diff_name_likeness(x->name, y->name);
    /* Sequences are all alike. */
    if (x->kind == LS_FACT_SEQUENCE && name < 0.5 && choice_of(m, x, y) == 0)
        return;
    *LS_VEC_PUSH(out) = (struct candidate){
        a, b, 0.75 + 0.25 * name, true,
        ls_arena_printf(m->diff->arena, "the same definition; the names are %d %% alike", (int)(name * 100 + 0.5))};
}

/* SQLite's views have no columns of their own: what they select is all that there is. */
static void weigh_views(struct match *m, uint32_t a, uint32_t b, candidates *out)
{
    (m->a->dialect == LS_DIALECT_SQLITE ? weigh_alike : weigh_relations)(m, a, b, out);
}

/* For each pair of relations (or domains) the children of a kind. */
static void weigh_children(struct match *m, enum ls_fact_kind kind, weigh_fn weigh)
{
    static const enum ls_fact_kind parents[] = {LS_FACT_TABLE, LS_FACT_VIEW, LS_FACT_MATVIEW, LS_FACT_DOMAIN};

    for (size_t p = 0; p < LS_ARRAY_LEN(parents); p++) {
        uint32_t n;
        const struct ls_fact *f = ls_catalog_kind(m->a, parents[p], &n);

        for (uint32_t i = 0; i < n; i++) {
            uint32_t partner = m->b_of[ls_catalog_index(m->a, &f[i])], n_a, n_b;
            const struct ls_fact *a, *b;

            if (partner == LS_NO_FACT)
                continue;
            a = ls_catalog_children(m->a, &f[i], kind, &n_a);
            b = ls_catalog_children(m->b, &m->b->facts[partner], kind, &n_b);
            if (n_a > 0 && n_b > 0)
                weigh_all(m, a, n_a, b, n_b, weigh);
        }
    }
}

void diff_find_renames(struct match *m)
{
    static const enum ls_fact_kind below[] = {LS_FACT_CONSTRAINT, LS_FACT_INDEX, LS_FACT_TRIGGER, LS_FACT_RULE, LS_FACT_POLICY};
    static const enum ls_fact_kind beside[] = {LS_FACT_ENUM,     LS_FACT_DOMAIN,    LS_FACT_COMPOSITE, LS_FACT_RANGE,      LS_FACT_SEQUENCE,
                                               LS_FACT_FUNCTION, LS_FACT_PROCEDURE, LS_FACT_AGGREGATE, LS_FACT_STATISTICS, LS_FACT_PUBLICATION};

    weigh_kind(m, LS_FACT_TABLE, weigh_relations);
    weigh_kind(m, LS_FACT_ENUM, weigh_alike); /* columns are of these types */
    weigh_kind(m, LS_FACT_DOMAIN, weigh_alike);
    weigh_children(m, LS_FACT_COLUMN, weigh_columns);
    weigh_kind(m, LS_FACT_VIEW, weigh_views);
    weigh_kind(m, LS_FACT_MATVIEW, weigh_relations);
    for (size_t i = 0; i < LS_ARRAY_LEN(below); i++)
        weigh_children(m, below[i], weigh_alike);
    for (size_t i = 2; i < LS_ARRAY_LEN(beside); i++)
        weigh_kind(m, beside[i], weigh_alike);
}
