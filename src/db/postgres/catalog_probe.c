/* Whether anything changed since a catalogue was read, and where: by the xmin of the rows of the server's tables. */
#include <config.h>

#include "db/postgres/catalog_kept.h"

#include <stdio.h>

#include "db/postgres/catalog_sql.h"
#include "lockstep/base/mem.h"

#define TEXT(row) "array[row(" row ")::text collate \"C\"]"
#define MAPPINGS  TEXT("umid, srvname, usename, umoptions")
#define SUBS      TEXT("oid, subname, subowner, subenabled, subslotname, subsynccommit, subpublications")
#define ROLES     TEXT("oid, rolname, rolsuper")

/* A table of the server's, of which column the bucket is made ("": one bucket for all), and which rows count: those that a query
 * reads. */
static const struct source {
    enum pgcat_set set;
    const char *table, *bucket, *where;
    int since;
    const char *row; /* what is hashed; NULL: xmin */
} sources[] = {
    {PGS_REL, "class", "oid", "oid >= " USER_OID, 0, NULL},
    {PGS_REL, "attribute", "attrelid", "attrelid >= " USER_OID " and attnum > 0", 0, NULL},
    {PGS_REL, "attrdef", "adrelid", "adrelid >= " USER_OID, 0, NULL},
    {PGS_REL, "constraint", "conrelid", "conrelid >= " USER_OID, 0, NULL},
    {PGS_REL, "index", "indrelid", "indrelid >= " USER_OID, 0, NULL},
    {PGS_REL, "inherits", "inhrelid", "true", 0, NULL},
    {PGS_REL, "trigger", "tgrelid", "tgrelid >= " USER_OID, 0, NULL},
    {PGS_REL, "rewrite", "ev_class", "ev_class >= " USER_OID, 0, NULL},
    {PGS_REL, "policy", "polrelid", "true", 0, NULL},
    {PGS_REL, "sequence", "seqrelid", "true", 0, NULL},
    {PGS_REL, "foreign_table", "ftrelid", "true", 0, NULL},
    {PGS_REL, "statistic_ext", "stxrelid", "true", 0, NULL},
    {PGS_TYPE, "type", "oid", "oid >= " USER_OID, 0, NULL},
    {PGS_TYPE, "enum", "enumtypid", "true", 0, NULL},
    {PGS_TYPE, "range", "rngtypid", "rngtypid >= " USER_OID, 0, NULL},
    {PGS_TYPE, "constraint", "contypid", "contypid >= " USER_OID, 0, NULL},
    {PGS_PROC, "proc", "oid", "oid >= " USER_OID, 0, NULL},
    {PGS_PROC, "aggregate", "aggfnoid", "aggfnoid >= " USER_OID, 0, NULL},
    {PGS_DEPEND, "depend", "objid", "objid >= " USER_OID, 0, NULL},
    {PGS_DESCRIPTION, "description", "objoid", "objoid >= " USER_OID " or classoid = 'pg_catalog.pg_namespace'::regclass", 0, NULL},
    {PGS_OTHER, "namespace", "", "true", 0, NULL},
    {PGS_OTHER, "event_trigger", "", "true", 0, NULL},
    {PGS_OTHER, "publication", "", "true", 0, NULL},
    {PGS_OTHER, "publication_rel", "", "true", 0, NULL},
    {PGS_OTHER, "publication_namespace", "", "true", 15, NULL},
    {PGS_OTHER, "default_acl", "", "true", 0, NULL},
    {PGS_OTHER, "seclabel", "", "true", 0, NULL},
    {PGS_OTHER, "db_role_setting", "", "true", 0, NULL},
    {PGS_OTHER, "largeobject_metadata", "", "true", 0, NULL},
    /* What follows is rare, and names of it stand in all kinds of texts: a change of it makes everything be read. */
    {PGS_REST, "am", "", "true", 0, NULL},
    {PGS_REST, "amop", "", "true", 0, NULL},
    {PGS_REST, "amproc", "", "true", 0, NULL},
    {PGS_REST, "cast", "", "true", 0, NULL},
    {PGS_REST, "collation", "", "true", 0, NULL},
    {PGS_REST, "conversion", "", "true", 0, NULL},
    {PGS_REST, "extension", "", "true", 0, NULL},
    {PGS_REST, "foreign_data_wrapper", "", "true", 0, NULL},
    {PGS_REST, "foreign_server", "", "true", 0, NULL},
    {PGS_REST, "init_privs", "", "true", 0, NULL},
    {PGS_REST, "language", "", "true", 0, NULL},
    {PGS_REST, "opclass", "", "true", 0, NULL},
    {PGS_REST, "operator", "", "true", 0, NULL},
    {PGS_REST, "opfamily", "", "true", 0, NULL},
    {PGS_REST, "tablespace", "", "true", 0, NULL},
    {PGS_REST, "transform", "", "true", 0, NULL},
    {PGS_REST, "ts_config", "", "true", 0, NULL},
    {PGS_REST, "ts_config_map", "", "true", 0, NULL},
    {PGS_REST, "ts_dict", "", "true", 0, NULL},
    {PGS_REST, "ts_parser", "", "true", 0, NULL},
    {PGS_REST, "ts_template", "", "true", 0, NULL},
    /* Not everybody may read the xmin of these: by their text. */
    {PGS_OTHER, "user_mappings", "", "true", 0, MAPPINGS},
    {PGS_OTHER, "subscription", "", "true", 0, SUBS},
    {PGS_REST, "roles", "", "true", 0, ROLES},
};
_Static_assert(LS_ARRAY_LEN(sources) <= PGCAT_MAX_SOURCES, "room for all");

void pgcat_probe_identity_sql(struct ls_buf *out)
{
    static const char *const settings[] = {
        "datestyle",    "intervalstyle", "extra_float_digits", "timezone", "standard_conforming_strings",
        "bytea_output", "lc_monetary",   "xmlbinary"};

    ls_buf_adds(out, "select concat_ws(' ', (select oid from pg_database where datname = current_database()), "
                     "pg_postmaster_start_time()::timestamp, current_user, session_user, version()");
    for (size_t i = 0; i < LS_ARRAY_LEN(settings); i++)
        ls_buf_addf(out, ", current_setting('%s', true)", settings[i]);
    /* A standby's snapshot does not name all that are under way. */
    ls_buf_adds(out, "), case when not pg_is_in_recovery() then pg_current_snapshot()::text end, "
                     "pg_snapshot_xmax(pg_current_snapshot())");
}

static void add_source(const struct pgcat *k, size_t i, bool with_buckets, const char *only, struct ls_buf *out)
{
    const struct source *s = &sources[i];
    /* A transaction's own rows may be changed again under the same xmin. */
    const char *row = s->row != NULL ? s->row : k->is_inside ? "array[xmin::text, cmin::text]" : "array[xmin]";

    if (s->since > k->version / 10000 || (k->without_subscriptions && strcmp(s->table, "subscription") == 0))
        return;
    ls_buf_addf(out, "%sselect %zu, ", out->len > 0 ? " union all " : "", i);
    if (with_buckets)
        ls_buf_addf(out, "(%s::oid::bigint & %d)", s->bucket, PGCAT_BUCKETS - 1);
    else
        ls_buf_adds(out, "0");
    ls_buf_addf(out, ", count(*), sum(hash_array_extended(%s, %zu)) from pg_%s where (%s)%s%s", row, i, s->table, s->where, only,
                with_buckets ? " group by 2" : "");
}

void pgcat_probe_totals_sql(const struct pgcat *k, const struct pgcat_probe *old, struct ls_buf *out)
{
    struct ls_buf only = LS_BUF_INIT;

    if (old != NULL && old->snapshot[0] != '\0' && !k->is_inside)
        ls_buf_addf(&only, " and (select pg_current_snapshot()::text <> '%s')", old->snapshot); /* digits, ':' and ',' */
    for (size_t i = 0; i < LS_ARRAY_LEN(sources); i++)
        add_source(k, i, false, only.len > 0 ? only.ptr : "", out);
    ls_buf_release(&only);
}

void pgcat_probe_buckets_sql(const struct pgcat *k, const struct pgcat_probe *was, const struct pgcat_probe *is,
                             struct ls_buf *out)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(sources); i++) {
        bool has_buckets = sources[i].bucket[0] != '\0';

        if (was == NULL || (has_buckets && was->totals[i] != is->totals[i]))
            add_source(k, i, has_buckets, "", out);
    }
}

/* A whole number of any size, its last 64 bits: sums of these are the sum's. */
static uint64_t last_bits(const char *s)
{
    bool is_negative = *s == '-';
    uint64_t n = 0;

    for (s += is_negative; *s >= '0' && *s <= '9'; s++)
        n = n * 10 + (uint64_t)(*s - '0');
    return is_negative ? 0 - n : n;
}

#define COUNT_WEIGHT 0x9e3779b97f4a7c15ULL /* odd: any count shows */

static uint64_t value_of(const PGresult *res, int row)
{
    return last_bits(PQgetvalue(res, row, 2)) * COUNT_WEIGHT + last_bits(PQgetvalue(res, row, 3));
}

void pgcat_probe_take_identity(struct pgcat_probe *p, const PGresult *res)
{
    struct pgcat_row r = {res, 0};

    if (PQntuples(res) != 1)
        return;
    p->identity = ls_strdup(PQgetvalue(res, 0, 0));
    p->snapshot = ls_strdup(pgcat_get(&r, 1) != NULL && !p->is_inside ? pgcat_get(&r, 1) : "");
    p->xmax = strtoll(PQgetvalue(res, 0, 2), NULL, 10);
}

void pgcat_probe_take_totals(struct pgcat_probe *p, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++)
        p->totals[pgcat_oid(&r, 0) % PGCAT_MAX_SOURCES] = value_of(res, r.row);
}

void pgcat_probe_take_buckets(struct pgcat_probe *p, const PGresult *res)
{
    bool is_new[PGCAT_MAX_SOURCES] = {false};

    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        uint32_t i = pgcat_oid(&r, 0) % PGCAT_MAX_SOURCES;

        if (!is_new[i])
            p->totals[i] = 0;
        is_new[i] = true;
        if (p->buckets[i] == NULL)
            p->buckets[i] = ls_calloc(PGCAT_BUCKETS, sizeof(*p->buckets[i]));
        p->buckets[i][pgcat_oid(&r, 1) % PGCAT_BUCKETS] = value_of(res, r.row);
        p->totals[i] += value_of(res, r.row);
    }
}

void pgcat_probe_release(struct pgcat_probe *p)
{
    free(p->identity);
    free(p->snapshot);
    for (size_t i = 0; i < PGCAT_MAX_SOURCES; i++)
        free(p->buckets[i]);
    *p = (struct pgcat_probe){.identity = NULL};
}

#define MAX_XIDS (1LL << 31) /* further apart, a number of 32 bits may have come back */

bool pgcat_probe_is_comparable(const struct pgcat_probe *was, const struct pgcat_probe *is)
{
    return was->identity != NULL && is->identity != NULL && strcmp(was->identity, is->identity) == 0 &&
           was->is_inside == is->is_inside && is->xmax >= was->xmax && is->xmax - was->xmax < MAX_XIDS;
}

bool pgcat_probe_is_same_snapshot(const struct pgcat_probe *was, const struct pgcat_probe *is)
{
    return pgcat_probe_is_comparable(was, is) && is->snapshot[0] != '\0' && strcmp(was->snapshot, is->snapshot) == 0;
}

static void compare_source(const struct pgcat_probe *was, const struct pgcat_probe *is, size_t i, struct pgcat_dirty *out)
{
    enum pgcat_set set = sources[i].set;
    bool is_seen = false;

    for (int b = 0; b < PGCAT_BUCKETS && sources[i].bucket[0] != '\0'; b++) {
        uint64_t x = was->buckets[i] != NULL ? was->buckets[i][b] : 0, y = is->buckets[i] != NULL ? is->buckets[i][b] : 0;

        if (x == y)
            continue;
        out->n[set] += !out->is_dirty[set][b];
        out->is_dirty[set][b] = is_seen = true;
    }
    if (!is_seen && sources[i].bucket[0] == '\0')
        out->n[set]++;
}

void pgcat_probe_compare(struct pgcat_probe *was, struct pgcat_probe *is, struct pgcat_dirty *out)
{
    *out = (struct pgcat_dirty){.n = {0}};
    for (size_t i = 0; i < LS_ARRAY_LEN(sources); i++) {
        if (was->totals[i] != is->totals[i]) {
            compare_source(was, is, i, out);
        } else if (is->buckets[i] == NULL) {
            is->buckets[i] = was->buckets[i];
            was->buckets[i] = NULL;
        }
    }
}
