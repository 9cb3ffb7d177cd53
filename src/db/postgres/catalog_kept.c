/* Rows of a catalogue's queries, kept for the next read. */
#include <config.h>

#include "db/postgres/catalog_kept.h"

#include "lockstep/base/mem.h"

#define MAX_NAMED 4

/* Places of the columns named in "a,b"; how many. */
static int find_columns(const PGresult *res, const char *names, int cols[MAX_NAMED])
{
    int n = 0;

    for (const char *p = names; p != NULL && *p != '\0' && n < MAX_NAMED;) {
        size_t len = strcspn(p, ",");

        for (int col = 0; col < PQnfields(res); col++)
            if (strncmp(PQfname(res, col), p, len) == 0 && PQfname(res, col)[len] == '\0')
                cols[n++] = col;
        p += len + (p[len] == ',');
    }
    return n;
}

static uint32_t number(const PGresult *res, int row, int col)
{
    struct pgcat_row r = {res, row};

    return pgcat_oid(&r, col);
}

/* --- packing --- */

static void pack_row(struct ls_buf *out, const PGresult *res, int row)
{
    for (int col = 0; col < PQnfields(res); col++) {
        size_t len = PQgetisnull(res, row, col) ? 0 : (size_t)PQgetlength(res, row, col) + 1, left = len;

        for (; left >= 128; left >>= 7)
            ls_buf_addc(out, (char)(left | 128));
        ls_buf_addc(out, (char)left);
        if (len > 1)
            ls_buf_add(out, PQgetvalue(res, row, col), len - 1);
    }
}

/* The next field's length, -1 for NULL; *p goes to its bytes. */
static int unpack_length(const char **p)
{
    size_t len = 0;
    int shift = 0;
    unsigned char c;

    do {
        c = (unsigned char)*(*p)++;
        len |= (size_t)(c & 127) << shift;
        shift += 7;
    } while (c & 128);
    return (int)len - 1;
}

static size_t row_end(const struct pgcat_kept *k, size_t i)
{
    return i + 1 < k->rows.n ? k->rows.v[i + 1].at : k->bytes.len;
}

static void add_row(struct pgcat_kept *k, const PGresult *res, int row, const int *keys, int n_keys)
{
    struct pgcat_kept_row *r = LS_VEC_PUSH(&k->rows);

    r->at = k->bytes.len;
    for (int i = 0; i < 2 && n_keys > 0; i++)
        r->keys[i] = i < n_keys && !PQgetisnull(res, row, keys[i]) ? number(res, row, keys[i]) : r->keys[0];
    pack_row(&k->bytes, res, row);
}

static void copy_row(struct pgcat_kept *to, const struct pgcat_kept *from, size_t i)
{
    struct pgcat_kept_row *r = LS_VEC_PUSH(&to->rows);

    *r = from->rows.v[i];
    r->at = to->bytes.len;
    ls_buf_add(&to->bytes, from->bytes.ptr + from->rows.v[i].at, row_end(from, i) - from->rows.v[i].at);
}

void pgcat_kept_init(struct pgcat_kept *k, const struct pgcat_query *q, const PGresult *res)
{
    int keys[MAX_NAMED], n_keys = find_columns(res, q->keys, keys);

    *k = (struct pgcat_kept){.query = q, .shape = PQcopyResult(res, PG_COPYRES_ATTRS), .bytes = LS_BUF_INIT};
    for (int row = 0; row < PQntuples(res); row++)
        add_row(k, res, row, keys, n_keys);
}

void pgcat_kept_release(struct pgcat_kept *k)
{
    PQclear(k->shape);
    k->shape = NULL;
    LS_VEC_RELEASE(&k->rows);
    ls_buf_release(&k->bytes);
}

PGresult *pgcat_kept_result(const struct pgcat_kept *k)
{
    PGresult *res = k->shape == NULL ? NULL : PQcopyResult(k->shape, PG_COPYRES_ATTRS);
    const char *p = k->bytes.ptr;
    bool is_good = res != NULL;

    for (int row = 0; is_good && row < (int)k->rows.n; row++) {
        for (int col = 0; is_good && col < PQnfields(k->shape); col++) {
            int len = unpack_length(&p);

            is_good = PQsetvalue(res, row, col, len < 0 ? NULL : (char *)(uintptr_t)p, len) != 0;
            p += len > 0 ? len : 0;
        }
    }
    if (is_good)
        return res;
    PQclear(res);
    return NULL;
}

/* --- what is new --- */

/* A row that came, by what identifies it. */
struct arrived {
    uint32_t id[2];
    int row;
};

static int by_id(const void *a, const void *b)
{
    const struct arrived *x = a, *y = b;

    if (x->id[0] != y->id[0])
        return x->id[0] < y->id[0] ? -1 : 1;
    return x->id[1] < y->id[1] ? -1 : x->id[1] > y->id[1];
}

static void fields_of(const struct pgcat_kept *k, size_t i, const char **values, int *lens, int n)
{
    const char *p = k->bytes.ptr + k->rows.v[i].at;

    for (int col = 0; col < n; col++) {
        lens[col] = unpack_length(&p);
        values[col] = p;
        p += lens[col] > 0 ? lens[col] : 0;
    }
}

static uint64_t hash_row(const char *p, size_t len)
{
    uint64_t h = 14695981039346656037ULL;

    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)p[i]) * 1099511628211ULL;
    return h ^ h >> 29;
}

#define MAX_FIELDS 48

struct merger {
    const struct pgcat_kept *old;
    const PGresult *res;
    int ids[MAX_NAMED], guards[MAX_NAMED], n_ids, n_guards;
    struct arrived *arrived; /* sorted */
    size_t n_arrived;
};

static void sort_arrived(struct merger *m)
{
    m->n_arrived = m->n_ids == 0 ? 0 : (size_t)PQntuples(m->res);
    m->arrived = ls_calloc(m->n_arrived + 1, sizeof(*m->arrived));
    for (size_t i = 0; i < m->n_arrived; i++) {
        m->arrived[i].row = (int)i;
        for (int n = 0; n < m->n_ids && n < 2; n++)
            m->arrived[i].id[n] = number(m->res, (int)i, m->ids[n]);
    }
    if (m->n_arrived > 1)
        qsort(m->arrived, m->n_arrived, sizeof(*m->arrived), by_id);
}

/* The one that comes instead of the old row with these fields, NULL: none does. */
static const struct arrived *find_arrived(const struct merger *m, const char *const *values, const int *lens)
{
    struct arrived key = {{0, 0}, 0};

    for (int n = 0; n < m->n_ids && n < 2; n++)
        for (int i = 0; i < lens[m->ids[n]]; i++)
            key.id[n] = key.id[n] * 10 + (uint32_t)(values[m->ids[n]][i] - '0');
    return m->n_arrived == 0 ? NULL : bsearch(&key, m->arrived, m->n_arrived, sizeof(key), by_id);
}

static bool has_other_name(const struct merger *m, const char *const *values, const int *lens, int row)
{
    for (int n = 0; n < m->n_guards; n++) {
        int col = m->guards[n], len = PQgetisnull(m->res, row, col) ? -1 : PQgetlength(m->res, row, col);

        if (len != lens[col] || (len > 0 && memcmp(PQgetvalue(m->res, row, col), values[col], (size_t)len) != 0))
            return true;
    }
    return false;
}

/* Copies what stays of the old rows. The sum of hashes of what does not is taken off *sum. */
static void take_over(struct merger *m, const bool *is_dirty, struct pgcat_kept *out, struct pgcat_merge *found, uint64_t *sum)
{
    const char *values[MAX_FIELDS];
    int lens[MAX_FIELDS], n_fields = 0;

    for (int n = 0; n < m->n_ids; n++)
        n_fields = m->ids[n] >= n_fields ? m->ids[n] + 1 : n_fields;
    for (int n = 0; n < m->n_guards; n++)
        n_fields = m->guards[n] >= n_fields ? m->guards[n] + 1 : n_fields;
    if (n_fields > MAX_FIELDS)
        n_fields = 0, m->n_arrived = 0; /* no such query is there */
    for (size_t i = 0; i < m->old->rows.n; i++) {
        const struct pgcat_kept_row *r = &m->old->rows.v[i];
        const struct arrived *next;

        fields_of(m->old, i, values, lens, n_fields);
        next = find_arrived(m, values, lens);
        if (next != NULL && has_other_name(m, values, lens, next->row))
            found->is_renamed = true;
        if (next == NULL && is_dirty != NULL && !is_dirty[r->keys[0] % PGCAT_BUCKETS] && !is_dirty[r->keys[1] % PGCAT_BUCKETS])
            copy_row(out, m->old, i);
        else
            *sum -= hash_row(m->old->bytes.ptr + r->at, row_end(m->old, i) - r->at);
    }
}

void pgcat_kept_merge(const struct pgcat_kept *old, const PGresult *res, const bool *is_dirty, struct pgcat_kept *out,
                      struct pgcat_merge *found)
{
    struct merger m = {.old = old, .res = res};
    int keys[MAX_NAMED], n_keys = find_columns(res, old->query->keys, keys);
    uint64_t sum = 0;
    size_t n_stayed;

    *out = (struct pgcat_kept){.query = old->query, .shape = PQcopyResult(res, PG_COPYRES_ATTRS), .bytes = LS_BUF_INIT};
    *found = (struct pgcat_merge){false, false};
    m.n_ids = find_columns(res, old->query->id, m.ids);
    m.n_guards = find_columns(res, old->query->guard, m.guards);
    sort_arrived(&m);
    take_over(&m, is_dirty, out, found, &sum);
    n_stayed = out->rows.n;
    for (int row = 0; row < PQntuples(res); row++)
        add_row(out, res, row, keys, n_keys);
    for (size_t i = n_stayed; i < out->rows.n; i++)
        sum += hash_row(out->bytes.ptr + out->rows.v[i].at, row_end(out, i) - out->rows.v[i].at);
    found->is_same = sum == 0 && out->rows.n == old->rows.n;
    free(m.arrived);
}
