/* Which migration a request's words mean. */
#include <config.h>

#include "engine/plan_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

/* "7", "007", "007_add_email". */
static bool parse_version(const char *text, uint64_t *out)
{
    uint64_t v = 0;
    const char *p = text;

    for (; *p >= '0' && *p <= '9'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');

        if (v > ((uint64_t)INT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return p != text && (*p == '\0' || *p == '_');
}

static bool is_label_and_name(const struct ls_entry *e, const char *words)
{
    size_t n = strlen(e->label);

    return strncmp(words, e->label, n) == 0 && words[n] == '_' && strcmp(words + n + 1, e->name) == 0;
}

static bool starts(const char *text, const char *words)
{
    return strncmp(text, words, strlen(words)) == 0;
}

/* From the surest to the loosest way that words can mean an entry. */
enum way { BY_ID, BY_LABEL, BY_BOTH, BY_TAG, BY_NAME, BY_START, N_WAYS };

static bool fits(const struct ls_entry *e, const char *words, enum way way)
{
    switch (way) {
    case BY_ID:
        return strcmp(e->id, words) == 0;
    case BY_LABEL:
        return strcmp(e->label, words) == 0;
    case BY_BOTH:
        return is_label_and_name(e, words);
    case BY_TAG: /* tags, branch labels */
        for (const char *const *l = e->migration != NULL ? e->migration->labels : NULL; l != NULL && *l != NULL; l++)
            if (strcmp(*l, words) == 0)
                return true;
        return false;
    case BY_NAME:
        return strcmp(e->name, words) == 0;
    case BY_START:
        return starts(e->id, words) || starts(e->label, words) || starts(e->name, words);
    case N_WAYS:
        break;
    }
    return false;
}

/* The first entry that fits; *other another one, with another id. */
static long look(const struct ls_timeline *t, const char *words, enum way way, long *other)
{
    long found = -1;

    *other = -1;
    for (size_t i = 0; i < t->e.n; i++) {
        const struct ls_entry *e = &t->e.v[i];

        if ((e->row != NULL && e->row->is_nil) || !fits(e, words, way))
            continue;
        if (found < 0)
            found = (long)i;
        else if (strcmp(t->e.v[found].id, e->id) != 0) {
            *other = (long)i;
            break;
        }
    }
    return found;
}

static enum ls_rc refuse_ambiguous(const struct ls_timeline *t, const char *words, long a, long b, struct ls_err *err)
{
    ls_err_set(err, LS_E_USAGE, "\"%s\" could be %s %s or %s %s", words, t->e.v[a].label, t->e.v[a].name, t->e.v[b].label, t->e.v[b].name);
    ls_err_hint(err, "name it by its version, or with more of its name");
    return LS_E_USAGE;
}

static bool is_nothing(const char *words)
{
    return strcmp(words, "none") == 0 || strcmp(words, "-1") == 0 || strspn(words, "0") == strlen(words);
}

/* --- heads of a graph ------------------------------------------------------------------------------------------------------------------------- */

/* Marks what no other migration names as its parent; with `below`, only what comes after that one, or is it. */
static void mark_heads(const struct ls_timeline *t, long below, bool *is_head)
{
    bool *follows = ls_calloc(t->e.n + 1, sizeof(*follows));

    for (size_t i = 0; i < t->e.n; i++)
        is_head[i] = t->e.v[i].migration != NULL;
    for (long i = 0; i < (long)t->e.n; i++) { /* each stands behind its parents */
        const struct ls_migration *m = t->e.v[i].migration;

        follows[i] = below < 0 || i == below;
        for (const char *const *p = m != NULL ? m->parents : NULL; p != NULL && *p != NULL; p++) {
            long at = ls_timeline_find_id(t, *p);

            if (at >= 0)
                is_head[at] = false;
            if (at >= 0 && follows[at])
                follows[i] = true;
        }
    }
    for (size_t i = 0; i < t->e.n; i++)
        is_head[i] = is_head[i] && follows[i];
    free(follows);
}

static enum ls_rc the_one_head(const struct ls_timeline *t, const char *words, long below, long *out, struct ls_err *err)
{
    bool *is_head = ls_calloc(t->e.n + 1, sizeof(*is_head));
    struct ls_buf ids = LS_BUF_INIT;
    size_t n = 0;

    mark_heads(t, below, is_head);
    for (size_t i = 0; i < t->e.n; i++)
        if (is_head[i]) {
            ls_buf_addf(&ids, "%s%s", n++ > 0 ? ", " : "", t->e.v[i].id);
            *out = (long)i;
        }
    if (n != 1) {
        ls_err_set(err, n == 0 ? LS_E_NOT_FOUND : LS_E_USAGE, n == 0 ? "\"%s\": there is no head" : "\"%s\" could be any of the heads %s", words, ids.ptr);
        ls_err_hint(err, "name one of them, or \"heads\" for all");
    }
    ls_buf_release(&ids);
    free(is_head);
    return n == 1 ? LS_OK : n == 0 ? LS_E_NOT_FOUND : LS_E_USAGE;
}

bool ls_plan_means_heads(const struct ls_snapshot *snap, const char *words)
{
    return (snap->format->caps & LS_CAP_DAG) != 0 && words != NULL && strcmp(words, "heads") == 0;
}

/* "head", "BRANCH@head". *is_it false: something else. */
static enum ls_rc resolve_head(const struct ls_snapshot *snap, const char *words, bool *is_it, long *out, struct ls_err *err)
{
    size_t n = strlen(words);
    long below = -1;
    enum ls_rc rc = LS_OK;

    *is_it = (snap->format->caps & LS_CAP_DAG) != 0 && (strcmp(words, "head") == 0 || (n > 5 && strcmp(words + n - 5, "@head") == 0));
    if (*is_it && n > 5) {
        char *branch = ls_strndup(words, n - 5);

        rc = ls_plan_resolve(snap, branch, &below, err);
        free(branch);
    }
    return *is_it && rc == LS_OK ? the_one_head(&snap->timeline, words, below, out, err) : rc;
}

enum ls_rc ls_plan_resolve(const struct ls_snapshot *snap, const char *words, long *out, struct ls_err *err)
{
    const struct ls_timeline *t = &snap->timeline;
    uint64_t number;
    long other;

    bool is_head = false;
    enum ls_rc rc;

    *out = -1;
    if (words == NULL || words[0] == '\0')
        return ls_err_set(err, LS_E_USAGE, "which version? None was named");
    rc = resolve_head(snap, words, &is_head, out, err);
    if (is_head)
        return rc;
    if (snap->format->rules->is_numeric && parse_version(words, &number) && (*out = ls_timeline_find(t, number)) >= 0)
        return LS_OK;
    for (enum way way = BY_ID; way < N_WAYS; way++) {
        if (way == BY_NAME && is_nothing(words))
            return LS_OK;
        *out = look(t, words, way, &other);
        if (*out >= 0 && other >= 0)
            return refuse_ambiguous(t, words, *out, other, err);
        if (*out >= 0)
            return LS_OK;
    }
    ls_err_set(err, LS_E_NOT_FOUND, "there is no migration \"%s\" in %s, and no such version in the ledger", words, snap->migrations.dir);
    ls_err_hint(err, "versions are named as the list shows them; \"none\" means before the first one");
    return LS_E_NOT_FOUND;
}

enum ls_rc ls_plan_check_whole(const struct ls_snapshot *snap, struct ls_err *err)
{
    const struct ls_diags *diags = &snap->migrations.diags;

    for (size_t i = 0; (snap->format->caps & LS_CAP_NATIVE_APPLY) != 0 && i < diags->d.n; i++) {
        const struct ls_diag *d = &diags->d.v[i];

        if (strcmp(d->code, "outside-link") != 0)
            continue;
        ls_err_set(err, LS_E_REFUSED, "%s: %s", d->path, d->message);
        ls_err_hint(err, "%s, or remove the link: a run would leave it out", d->hint != NULL ? d->hint : "copy the file into the folder");
        return LS_E_REFUSED;
    }
    return LS_OK;
}
