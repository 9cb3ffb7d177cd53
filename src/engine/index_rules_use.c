#include <config.h>

#include "engine/index_priv.h"

#include <inttypes.h>
#include <string.h>

#define SMALL_BYTES  (64 * LS_IX_KIB) /* what is smaller is not worth a line */
#define FEW_SCANS    50
#define TOO_EARLY_US LS_IX_DAY_US /* right after a restore or a crash everything looks unused */
#define LONG_AGO_US  (90 * LS_IX_DAY_US)

/* --- IX01 unused --- */

enum finding { NOTHING, UNUSED, STOPPED, LONG_AGO, HARDLY };

/* What may be said of an index that is there for speed alone. Uniqueness works without a scan, an expression feeds the planner's
 * statistics (indexes.md 2.2 traps 3 and 4), and what constraints, children and CLUSTER need is told by ls_ix_need. */
static bool is_for_speed(struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];

    return !ix->is_dropped[i] && !x->is_unique && !x->has_expression && x->is_valid && x->is_ready && x->is_live &&
           !x->is_building && !ls_ix_need(ix, i);
}

/* Of equals the planner reads one: what the others were read for is its work then. */
static int64_t scans_of_equals(const struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_table *t = &ix->u->tables[ix->u->indexes[i].table];
    int64_t sum = 0;

    for (uint32_t k = t->first_index; k < t->first_index + t->n_indexes; k++)
        if (ix->is_dropped[k] && ix->cover[k] == i && ix->use[k].scans > 0)
            sum += ix->use[k].scans;
    for (uint32_t p = ix->first_part[i]; p != LS_NO_USAGE; p = ix->next_part[p])
        sum += scans_of_equals(ix, p);
    return sum;
}

static enum finding look(struct ls_ix *ix, uint32_t i)
{
    const struct ls_ix_use *use = &ix->use[i];

    if (use->scans < 0 || use->bytes < SMALL_BYTES || scans_of_equals(ix, i) > 0 || ls_ix_is_planned(ix, i))
        return NOTHING;
    if (use->scans == 0)
        return ix->now_us - use->quiet_since_us >= TOO_EARLY_US ? UNUSED : NOTHING;
    if (ix->now_us - use->looks_quiet_since_us >= ix->window_us)
        return STOPPED;
    if (use->last_scan_us > 0 && ix->now_us - use->last_scan_us > LONG_AGO_US)
        return LONG_AGO;
    return use->scans <= FEW_SCANS && ix->now_us - use->counted_from_us >= ix->window_us ? HARDLY : NOTHING;
}

static const char *title(struct ls_ix *ix, uint32_t i, enum finding f)
{
    const struct ls_ix_use *use = &ix->use[i];
    const char *date = ls_ix_date(ix->arena, f == LONG_AGO ? use->last_scan_us : use->quiet_since_us);

    if (f == HARDLY)
        return ls_arena_printf(ix->arena, "%" PRId64 " scan%s in %s", use->scans, use->scans == 1 ? "" : "s",
                               ls_ix_age(ix->arena, ix->now_us - use->counted_from_us));
    if (f == UNUSED && use->last_rise_us > 0)
        return ls_arena_printf(ix->arena, "it stopped being used on %s", ls_ix_date(ix->arena, use->last_rise_us));
    if (f == STOPPED || f == LONG_AGO)
        return ls_arena_printf(ix->arena, "it stopped being used on %s", date);
    return ls_arena_printf(ix->arena, "nothing has read it since %s", date);
}

static const char *evidence(struct ls_ix *ix, uint32_t i, enum finding f)
{
    const struct ls_ix_use *use = &ix->use[i];
    const struct ls_usage_index *x = &ix->u->indexes[i];
    const struct ls_usage_table *t = &ix->u->tables[x->table];
    struct ls_buf b = LS_BUF_INIT;

    ls_buf_addf(&b, "%" PRId64 " scan%s", use->scans, use->scans == 1 ? "" : "s");
    if (f == STOPPED || f == LONG_AGO)
        ls_buf_addf(&b, ", none of them in the last %s",
                    ls_ix_age(ix->arena, ix->now_us - (f == STOPPED ? use->looks_quiet_since_us : use->last_scan_us)));
    if (ix->o->n_standbys > 0)
        ls_buf_addf(&b, ", %" PRId64 " of them on %u standby%s", use->standby_scans, ix->o->n_standbys,
                    ix->o->n_standbys == 1 ? "" : "s");
    if (ix->o->n_standbys_missed > 0)
        ls_buf_addf(&b, "; %u standby%s did not answer and may use it", ix->o->n_standbys_missed,
                    ix->o->n_standbys_missed == 1 ? "" : "s");
    if (ix->u->in_recovery)
        ls_buf_adds(&b, "; this is a standby: the primary was not asked");
    ls_buf_addf(&b, "\n(%s), %s, of a table of %s", ls_ix_columns(ix->arena, x), ls_ix_size(ix->arena, use->bytes),
                ls_ix_size(ix->arena, t->bytes));
    if (t->inserted >= 0 && t->updated >= 0)
        ls_buf_addf(&b, "\nwritten for nothing by %" PRId64 " inserts and %" PRId64 " updates", t->inserted,
                    t->updated - (t->hot_updated > 0 ? t->hot_updated : 0));
    if (f == HARDLY)
        ls_buf_adds(&b, "\nplanning alone counts as a scan at times");
    return ls_ix_take(ix->arena, &b);
}

/* A foreign key's look-ups are counted only when a row of the parent goes: without such a row a count of zero says nothing (trap
 * 6). */
static void fk_only(struct ls_ix *ix, uint32_t i, const struct ls_usage_fk *fk)
{
    struct ls_index_verdict *v = ls_ix_add(ix, LS_IX_UNUSED, LS_SEV_INFO, LS_CONF_STRUCTURAL, ix->u->indexes[i].table, i);

    v->fk = (uint32_t)(fk - ix->u->fks);
    v->title = ls_arena_printf(ix->arena, "only the foreign key %s needs it",
                               fk->name[0] != '\0' ? fk->name : ls_arena_printf(ix->arena, "to %s", fk->ref_table));
    v->evidence =
        ls_arena_printf(ix->arena, "0 scans, and no other index would find the rows of a deleted row of %s", fk->ref_table);
    v->window = ls_ix_use_window(ix, i);
}

static void unused(struct ls_ix *ix, uint32_t i, enum finding f)
{
    int64_t quiet = ix->now_us - ix->use[i].quiet_since_us;
    bool is_confirmed = f != UNUSED || quiet >= ix->window_us;
    struct ls_index_verdict *v;

    is_confirmed = is_confirmed && ix->o->n_standbys_missed == 0 && !ix->u->in_recovery;
    v = ls_ix_add(ix, LS_IX_UNUSED, is_confirmed && (f == UNUSED || f == STOPPED) ? LS_SEV_WARNING : LS_SEV_INFO,
                  is_confirmed ? LS_CONF_ESTIMATED : LS_CONF_UNCONFIRMED, ix->u->indexes[i].table, i);
    v->title = title(ix, i, f);
    v->evidence = evidence(ix, i, f);
    v->window = ls_ix_use_window(ix, i);
    if (is_confirmed && f != HARDLY && ls_ix_hand_over(ix, i)) {
        ls_ix_fix_drop(ix, v);
        if (!v->ignored)
            ls_ix_set_dropped(ix, i);
    } else if (f == UNUSED && quiet < ix->window_us) {
        v->price = ls_arena_printf(ix->arena, "no fix yet: wait until %s",
                                   ls_ix_date(ix->arena, ix->use[i].quiet_since_us + ix->window_us));
    }
}

/* --- SQLite: no counters, but the plans of the workload --- */

static bool knows_all_plans(const struct ls_ix *ix)
{
    const struct ls_advices *a = ix->o->advices;

    if (!a || !a->uses || a->n_plans == 0)
        return false;
    for (uint32_t p = 0; p < a->n_plans; p++)
        if (a->plans[p].n_nodes == 0)
            return false;
    return true;
}

static void unused_by_workload(struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];
    struct ls_index_verdict *v;

    if (ls_ix_is_planned(ix, i) || scans_of_equals(ix, i) > 0 || ls_ix_only_for_fk(ix, i))
        return;
    v = ls_ix_add(ix, LS_IX_UNUSED, LS_SEV_INFO, LS_CONF_COSTED, x->table, i);
    v->title = "no statement of the workload is planned with it";
    v->evidence = ls_arena_printf(ix->arena,
                                  "none of %u statement%s of %s, and no foreign key\n(%s), %s\nbodies of triggers are not planned: "
                                  "look through those of the table",
                                  ix->o->advices->n_plans, ix->o->advices->n_plans == 1 ? "" : "s",
                                  ix->o->workload ? ix->o->workload->source : "the workload", ls_ix_columns(ix->arena, x),
                                  ls_ix_size(ix->arena, ix->use[i].bytes));
    if (ls_ix_hand_over(ix, i)) {
        ls_ix_fix_drop(ix, v);
        ix->is_dropped[i] = !v->ignored;
    }
}

void ls_ix_rule_unused(struct ls_ix *ix)
{
    bool by_workload = !ix->is_pg && knows_all_plans(ix);

    for (uint32_t i = 0; i < ix->u->n_indexes; i++) {
        const struct ls_usage_fk *fk;
        enum finding f;

        if (!(ix->is_pg || by_workload) || !is_for_speed(ix, i))
            continue;
        if (by_workload) {
            unused_by_workload(ix, i);
            continue;
        }
        f = look(ix, i);
        if (f == NOTHING)
            continue;
        fk = ls_ix_only_for_fk(ix, i);
        if (!fk)
            unused(ix, i, f);
        else if (f == UNUSED)
            fk_only(ix, i, fk);
    }
}
