#include <config.h>

#include "lockstep/engine/beside.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

/* What two sides are joined by: the digits of a label without leading zeros, else the name without its number. */
struct key {
    const char *text;
    size_t len;
    size_t index;
};

static struct key key_of(const struct ls_entry *e, size_t index)
{
    struct key k = {.index = index};
    size_t digits = strspn(e->label, "0123456789");

    if (digits > 0) {
        size_t zeros = strspn(e->label, "0");

        zeros = zeros == digits ? digits - 1 : zeros;
        k.text = e->label + zeros;
        k.len = digits - zeros;
    } else {
        k.text = e->name[0] != '\0' ? e->name : e->label;
        k.len = strlen(k.text);
    }
    return k;
}

static int by_text(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int c = memcmp(x->text, y->text, n);

    if (c != 0)
        return c;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static bool is_same(const struct key *a, const struct key *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static struct key *sorted_keys(const struct ls_timeline *t)
{
    struct key *keys = ls_calloc(t->e.n + 1, sizeof(*keys));

    for (size_t i = 0; i < t->e.n; i++)
        keys[i] = key_of(&t->e.v[i], i);
    if (t->e.n > 1)
        qsort(keys, t->e.n, sizeof(*keys), by_text);
    return keys;
}

static bool is_in(const struct ls_entry *e)
{
    return e != NULL && (e->state == LS_STATE_APPLIED || e->state == LS_STATE_MODIFIED || e->state == LS_STATE_MISSING || e->state == LS_STATE_DIRTY);
}

static void add_row(struct ls_beside *s, const struct ls_entry *left, const struct ls_entry *right)
{
    struct ls_beside_row *row = LS_VEC_PUSH(&s->rows);
    const struct ls_entry *e = left != NULL ? left : right;

    row->left = left;
    row->right = right;
    row->label = e->label;
    row->name = e->name;
    row->differs = left == NULL || right == NULL || is_in(left) != is_in(right);
    s->n_differ += row->differs;
}

/* Entries of the right side from *next on that have no partner, up to (not with) `end`. */
static void add_lonely(struct ls_beside *s, const bool *has_partner, size_t *next, size_t end)
{
    for (; *next < end; (*next)++)
        if (!has_partner[*next])
            add_row(s, NULL, &s->timeline.e.v[*next]);
}

static void join(struct ls_beside *s)
{
    const struct ls_timeline *left = &s->left->timeline, *right = &s->timeline;
    struct key *a = sorted_keys(left), *b = sorted_keys(right);
    const struct ls_entry **partner = ls_calloc(left->e.n + 1, sizeof(*partner));
    bool *has_partner = ls_calloc(right->e.n + 1, sizeof(*has_partner));
    size_t next = 0;

    for (size_t i = 0, j = 0; i < left->e.n && j < right->e.n;) {
        struct key x = a[i], y = b[j];

        if (is_same(&x, &y)) {
            partner[a[i].index] = &right->e.v[b[j].index];
            has_partner[b[j].index] = true;
            i++;
            j++;
            continue;
        }
        x.index = y.index = 0;
        if (by_text(&x, &y) < 0)
            i++;
        else
            j++;
    }
    for (size_t i = 0; i < left->e.n; i++) {
        if (partner[i] != NULL)
            add_lonely(s, has_partner, &next, (size_t)(partner[i] - right->e.v));
        add_row(s, &left->e.v[i], partner[i]);
    }
    add_lonely(s, has_partner, &next, right->e.n);
    free(a);
    free(b);
    free(partner);
    free(has_partner);
}

static const char *title(struct ls_beside *s, const struct ls_format *f, const char *dir, const struct ls_ledger *l, bool has_db)
{
    const char *where = !has_db ? "" : l->exists && l->location != NULL ? l->location : "no ledger";

    return ls_arena_printf(s->arena, "%s: %s%s%s", f->title, dir, has_db ? ", " : "", where);
}

static int score_of(const struct ls_format *f, const char *dir)
{
    struct ls_detect d = {0};
    struct ls_dir listing = {0};

    if (f->detect != NULL && ls_dir_list(dir, &listing, NULL) == LS_OK)
        f->detect(dir, &listing, &d);
    ls_dir_release(&listing);
    return d.score;
}

/* Nobody named the other tool's folder: the same one where its files could be there, else the best beside it (as convert writes it). */
static const char *look_for_dir(struct ls_arena *arena, const struct ls_format *f, const char *own)
{
    enum { SURE_ENOUGH = 50, MAX_FOLDERS = 200 };
    const char *base = ls_path_base(own), *best = own;
    char *up = base == own ? ls_strdup(".") : ls_strndup(own, (size_t)(base - own));
    int score = SURE_ENOUGH - 1;
    struct ls_dir d = {0};

    if (score_of(f, own) < SURE_ENOUGH && base[0] != '\0' && base[0] != '.' && ls_dir_list(up, &d, NULL) == LS_OK && d.e.n <= MAX_FOLDERS)
        for (size_t i = 0; i < d.e.n; i++) {
            const char *path = base == own ? d.e.v[i].name : ls_arena_printf(arena, "%s%s", up, d.e.v[i].name);
            int found = d.e.v[i].is_dir && d.e.v[i].name[0] != '.' ? score_of(f, path) : 0;

            if (found > score) {
                score = found;
                best = ls_arena_str(arena, path);
            }
        }
    ls_dir_release(&d);
    free(up);
    return best;
}

enum ls_rc ls_beside_read(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_format *other, const char *other_dir,
                         struct ls_beside *out, struct ls_err *err)
{
    const struct ls_session_params *p = ls_session_params(s);
    struct ls_format_opts opts = {.database = snap->info.database};
    enum ls_rc rc = LS_OK;

    memset(out, 0, sizeof(*out));
    if (other->scan == NULL || other->ledger_read == NULL) {
        ls_err_set(err, LS_E_UNSUPPORTED, "%s is only known by name: neither its files nor its ledger can be read here", other->title);
        return LS_E_UNSUPPORTED;
    }
    out->arena = ls_arena_new();
    out->left = snap;
    out->other = other;
    out->other_dir = ls_arena_str(out->arena, other_dir != NULL ? other_dir : look_for_dir(out->arena, other, p->migrations_dir));
    rc = other->scan(out->other_dir, snap->info.dialect, false, &out->migrations, err);
    if (rc == LS_OK && snap->has_db)
        rc = ls_session_connect(s, err);
    if (rc == LS_OK && snap->has_db)
        rc = other->ledger_read(ls_session_db(s), &opts, &out->ledger, err);
    if (rc != LS_OK) {
        ls_err_wrap(err, "the side of %s", other->title);
        ls_beside_release(out);
        return rc;
    }
    if (out->ledger.arena == NULL)
        out->ledger.arena = ls_arena_new();
    ls_timeline_build(&out->migrations, &out->ledger, other->rules, &out->timeline);
    out->left_title = title(out, snap->format, p->migrations_dir, &snap->ledger, snap->has_db);
    out->right_title = title(out, other, out->other_dir, &out->ledger, snap->has_db);
    join(out);
    return LS_OK;
}

void ls_beside_release(struct ls_beside *s)
{
    LS_VEC_RELEASE(&s->rows);
    ls_timeline_release(&s->timeline);
    ls_ledger_release(&s->ledger);
    ls_migrations_release(&s->migrations);
    ls_arena_free(s->arena);
    memset(s, 0, sizeof(*s));
}
