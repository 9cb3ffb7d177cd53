/* SQLite's plan of a statement that writes says nothing of the triggers that it fires: their statements are planned one by one, so that the indexes which
 * serve them count as used. */
#include <config.h>

#include "engine/advise_priv.h"

#include <string.h>

#include "engine/workload_priv.h"

static bool fires(struct adv_job *j, const struct ls_query *q, const char *event, const char *table)
{
    struct wl_toks t;
    bool is;

    wl_toks_init(&t, j->dialect, q->text, strlen(q->text));
    is = adv_find_target(&t, event, table) != 0 || (strcmp(event, "INSERT") == 0 && adv_find_target(&t, "REPLACE", table) != 0);
    wl_toks_release(&t);
    return is;
}

/* The first of the three words behind the trigger's head. */
static const char *event_of(const struct wl_toks *t)
{
    static const char *const events[] = {"INSERT", "UPDATE", "DELETE"};

    for (size_t i = 0; i < t->t.n && !wl_is(t, i, "BEGIN"); i++)
        for (size_t k = 0; k < LS_ARRAY_LEN(events); k++)
            if (i > 2 && wl_is(t, i, events[k]))
                return events[k];
    return NULL;
}

static size_t behind_call(const struct wl_toks *t, size_t i)
{
    int depth = 0;

    for (; i < t->t.n; i++) {
        depth += wl_is_char(t, i, '(') ? 1 : wl_is_char(t, i, ')') ? -1 : 0;
        if (depth == 0)
            return i + 1;
    }
    return i;
}

/* One statement of the body, from token i on; new.x and old.x are no more known than RAISE is outside. Behind its ';', or 0 at the end. */
static size_t take_statement(const struct wl_toks *t, size_t i, struct ls_buf *out)
{
    int cases = 0;

    ls_buf_clear(out);
    while (i < t->t.n && !wl_is_char(t, i, ';')) {
        if (wl_is(t, i, "END") && cases == 0)
            return 0;
        cases += wl_is(t, i, "CASE") ? 1 : wl_is(t, i, "END") ? -1 : 0;
        ls_buf_addc(out, ' ');
        if ((wl_is(t, i, "NEW") || wl_is(t, i, "OLD")) && wl_is_char(t, i + 1, '.')) {
            ls_buf_adds(out, "NULL");
            i += 3;
        } else if (wl_is(t, i, "RAISE") && wl_is_char(t, i + 1, '(')) {
            ls_buf_adds(out, "NULL");
            i = behind_call(t, i + 1);
        } else {
            ls_buf_add(out, t->text + t->t.v[i].start, t->t.v[i].end - t->t.v[i].start);
            i++;
        }
    }
    return i < t->t.n ? i + 1 : 0;
}

static void plan_body(struct adv_job *j, const struct wl_toks *t, bool *uses)
{
    struct ls_buf sql = LS_BUF_INIT;
    size_t i = 0;

    while (i < t->t.n && !wl_is(t, i, "BEGIN"))
        i++;
    for (i++; i != 0 && i < t->t.n;) {
        struct ls_query q = {.name = "trigger", .is_read = true};
        struct ls_explained e = {0};

        i = take_statement(t, i, &sql);
        q.sql = q.text = sql.ptr;
        if (i != 0 && ex_explain(j->db, &q, NULL, &e, NULL, NULL) == LS_OK)
            adv_mark_uses(j, &e, uses);
        ls_explained_release(&e);
    }
    ls_buf_release(&sql);
}

static void plan_trigger(struct adv_job *j, const char *table, const char *sql)
{
    uint32_t n = j->u->n_indexes;
    bool *uses = (bool *)(uintptr_t)j->out->uses, *own = LS_ARENA_ARRAY(j->arena, bool, n + 1), is_planned = false;
    struct wl_toks t;

    wl_toks_init(&t, j->dialect, sql, strlen(sql));
    const char *event = event_of(&t);

    for (uint32_t i = 0; event != NULL && i < j->workload->n_queries; i++) {
        if (j->queries[i].is_out || j->queries[i].q->is_read || !fires(j, j->queries[i].q, event, table))
            continue;
        if (!is_planned)
            plan_body(j, &t, own);
        is_planned = true;
        for (uint32_t k = 0; k < n; k++)
            uses[(size_t)i * n + k] = uses[(size_t)i * n + k] || own[k];
    }
    wl_toks_release(&t);
}

void adv_lite_triggers(struct adv_job *j)
{
    struct ls_result r;

    if (j->u->n_indexes == 0 ||
        ls_db_query(j->db, "SELECT tbl_name, sql FROM main.sqlite_schema WHERE type = 'trigger' AND sql IS NOT NULL", NULL, 0, &r, NULL) != LS_OK)
        return;
    for (size_t i = 0; i < r.n_rows; i++)
        plan_trigger(j, ls_result_get(&r, i, 0), ls_result_get(&r, i, 1));
    ls_result_release(&r);
}
