#include <config.h>

#include "engine/index_priv.h"

#include <inttypes.h>
#include <string.h>

static int64_t newer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void own_use(struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];
    const struct ls_past *p = &ix->h->past[i];
    struct ls_ix_use *use = &ix->use[i];

    use->scans = p->scans_in_window;
    use->counted_from_us = p->counted_from_us;
    use->last_scan_us = x->last_scan_us;
    use->bytes = ls_ix_bytes(x);
    if (use->scans == 0)
        use->quiet_since_us = use->counted_from_us;
    else if (x->last_scan_us > 0)
        use->quiet_since_us = x->last_scan_us;
    else
        use->quiet_since_us = newer(use->counted_from_us, newer(p->last_rise_us, p->first_seen_us));
    use->looks_quiet_since_us = newer(use->counted_from_us, newer(p->last_rise_us, p->first_seen_us));
    use->last_rise_us = p->last_rise_us;
}

static void add(struct ls_ix_use *to, const struct ls_ix_use *more)
{
    if (more->scans < 0)
        return;
    to->scans = to->scans < 0 ? more->scans : to->scans + more->scans;
    to->standby_scans += more->standby_scans;
    to->counted_from_us = newer(to->counted_from_us, more->counted_from_us);
    to->quiet_since_us = newer(to->quiet_since_us, more->quiet_since_us);
    to->last_scan_us = newer(to->last_scan_us, more->last_scan_us);
    to->looks_quiet_since_us = newer(to->looks_quiet_since_us, more->looks_quiet_since_us);
    to->last_rise_us = newer(to->last_rise_us, more->last_rise_us);
}

/* A standby counts for itself, and lockstep keeps no history of it here: what it counted may have been at any time since its own
 * reset. */
static void add_standby(struct ls_ix *ix, const struct ls_usage *s)
{
    for (uint32_t i = 0; i < ix->u->n_indexes; i++) {
        uint32_t at = ls_usage_find_index(s, ix->u->indexes[i].schema, ix->u->indexes[i].name);
        const struct ls_usage_index *x = at != LS_NO_USAGE ? &s->indexes[at] : NULL;
        struct ls_ix_use more = {.scans = -1};

        if (ix->u->indexes[i].is_partitioned) /* its children are asked */
            continue;
        if (x && x->scans >= 0) {
            more.scans = more.standby_scans = x->scans;
            more.counted_from_us = s->stats_reset_us > 0 ? s->stats_reset_us : s->started_us > 0 ? s->started_us : s->taken_us;
            more.last_scan_us = x->last_scan_us;
            more.quiet_since_us = x->scans == 0 ? more.counted_from_us : x->last_scan_us > 0 ? x->last_scan_us : s->taken_us;
            more.looks_quiet_since_us = x->scans == 0 ? more.counted_from_us : s->taken_us;
        } else { /* not there yet, or not to be seen: nothing is known of it */
            more.scans = 0;
            more.counted_from_us = more.quiet_since_us = more.looks_quiet_since_us = s->taken_us;
        }
        add(&ix->use[i], &more);
    }
}

/* The index of a partitioned table stands for those of its partitions. What the reader has summed up is left out: each child has a
 * history of its own, and one that was detached is no reset. */
static void add_children(struct ls_ix *ix)
{
    const struct ls_usage *u = ix->u;

    for (uint32_t i = 0; i < u->n_indexes; i++) {
        int depth = 0;

        if (u->indexes[i].is_partitioned)
            continue;
        for (uint32_t p = u->indexes[i].parent; p != LS_NO_USAGE && depth < 32; p = u->indexes[p].parent, depth++) {
            struct ls_ix_use *use = &ix->use[p];

            add(use, &ix->use[i]);
            if (ix->use[i].bytes >= 0)
                use->bytes = (use->bytes < 0 ? 0 : use->bytes) + ix->use[i].bytes;
        }
    }
}

void ls_ix_count_uses(struct ls_ix *ix)
{
    for (uint32_t i = 0; i < ix->u->n_indexes; i++) {
        if (ix->u->indexes[i].is_partitioned)
            ix->use[i] = (struct ls_ix_use){.scans = -1, .bytes = -1}; /* until a child counts */
        else
            own_use(ix, i);
    }
    for (uint32_t i = 0; i < ix->o->n_standbys; i++)
        add_standby(ix, ix->o->standbys[i]);
    add_children(ix);
}

const char *ls_ix_use_window(struct ls_ix *ix, uint32_t index)
{
    const struct ls_ix_use *use = &ix->use[index];

    if (use->counted_from_us == ix->h->window_from_us)
        return ix->h->window;
    return ls_ix_window(ix->arena, use->counted_from_us, ix->now_us,
                        ix->o->n_standbys > 0 ? "all of its counters go back to then" : "it is not known from before");
}

static bool names(const struct ls_ix *ix, uint32_t index)
{
    const struct ls_advices *a = ix->o->advices;

    for (uint32_t p = 0; a && a->uses && p < a->n_plans; p++)
        if (a->uses[(size_t)p * ix->u->n_indexes + index])
            return true;
    return false;
}

bool ls_ix_is_planned(const struct ls_ix *ix, uint32_t index)
{
    const struct ls_usage *u = ix->u;

    if (names(ix, index))
        return true;
    if (!ix->o->advices || !u->indexes[index].is_partitioned)
        return false;
    for (uint32_t i = 0; i < u->n_indexes; i++) {
        int depth = 0;

        for (uint32_t p = u->indexes[i].parent; p != LS_NO_USAGE && depth < 32; p = u->indexes[p].parent, depth++)
            if (p == index && names(ix, i))
                return true;
    }
    return false;
}
