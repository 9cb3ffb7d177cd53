/* Whether anything changed since a catalogue was read, and where: by the xmin of the rows of the server's tables. */
#include <config.h>

#include "db/postgres/catalog_kept.h"

#include <stdio.h>

#include "db/postgres/catalog_sql.h"
#include "lockstep/base/mem.h"

/* A table of the server's, of which column the bucket is made ("": one bucket for all), and which rows count: those that a query
 * reads. */
static const struct source {
    enum pgcat_set set;
    const char *table, *bucket, *where;
    int since;
} sources[] = {
    {PGS_REL, "class", "oid", "oid >= " USER_OID, 0},
    {PGS_REL, "attribute", "attrelid", "attrelid >= " USER_OID " and attnum > 0", 0},
    {PGS_REL, "attrdef", "adrelid", "adrelid >= " USER_OID, 0},
    {PGS_REL, "constraint", "conrelid", "conrelid >= " USER_OID, 0},
    {PGS_REL, "index", "indrelid", "indrelid >= " USER_OID, 0},
    {PGS_REL, "inherits", "inhrelid", "true", 0},
    {PGS_REL, "trigger", "tgrelid", "tgrelid >= " USER_OID, 0},
    {PGS_REL, "rewrite", "ev_class", "ev_class >= " USER_OID, 0},
    {PGS_REL, "policy", "polrelid", "true", 0},
    {PGS_REL, "sequence", "seqrelid", "true", 0},
    {PGS_REL, "foreign_table", "ftrelid", "true", 0},
    {PGS_REL, "statistic_ext", "stxrelid", "true", 0},
    {PGS_TYPE, "type", "oid", "oid >= " USER_OID, 0},
    {PGS_TYPE, "enum", "enumtypid", "true", 0},
    {PGS_TYPE, "range", "rngtypid", "rngtypid >= " USER_OID, 0},
    {PGS_TYPE, "constraint", "contypid", "contypid >= " USER_OID, 0},
    {PGS_PROC, "proc", "oid", "oid >= " USER_OID, 0},
    {PGS_PROC, "aggregate", "aggfnoid", "aggfnoid >= " USER_OID, 0},
    {PGS_DEPEND, "depend", "objid", "objid >= " USER_OID, 0},
    {PGS_DESCRIPTION, "description", "objoid", "objoid >= " USER_OID " or classoid = 'pg_catalog.pg_namespace'::regclass", 0},
    {PGS_OTHER, "namespace", "", "true", 0},
    {PGS_OTHER, "event_trigger", "", "true", 0},
    {PGS_OTHER, "publication", "", "true", 0},
    {PGS_OTHER, "publication_rel", "", "true", 0},
    {PGS_OTHER, "publication_namespace", "", "true", 15},
    {PGS_OTHER, "default_acl", "", "true", 0},
    {PGS_OTHER, "seclabel", "", "true", 0},
    {PGS_OTHER, "db_role_setting", "", "true", 0},
    {PGS_OTHER, "largeobject_metadata", "", "true", 0},
    /* What follows is rare, and names of it stand in all kinds of texts: a change of it makes everything be read. */
    {PGS_REST, "am", "", "true", 0},
    {PGS_REST, "amop", "", "true", 0},
    {PGS_REST, "amproc", "", "true", 0},
    {PGS_REST, "cast", "", "true", 0},
    {PGS_REST, "collation", "", "true", 0},
    {PGS_REST, "conversion", "", "true", 0},
    {PGS_REST, "extension", "", "true", 0},
    {PGS_REST, "foreign_data_wrapper", "", "true", 0},
    {PGS_REST, "foreign_server", "", "true", 0},
    {PGS_REST, "init_privs", "", "true", 0},
    {PGS_REST, "language", "", "true", 0},
    {PGS_REST, "opclass", "", "true", 0},
    {PGS_REST, "operator", "", "true", 0},
    {PGS_REST, "opfamily", "", "true", 0},
    {PGS_REST, "tablespace", "", "true", 0},
    {PGS_REST, "transform", "", "true", 0},
    {PGS_REST, "ts_config", "", "true", 0},
    {PGS_REST, "ts_config_map", "", "true", 0},
    {PGS_REST, "ts_dict", "", "true", 0},
    {PGS_REST, "ts_parser", "", "true", 0},
    {PGS_REST, "ts_template", "", "true", 0},
};

/* Tables whose xmin not everybody may read: by their text. */
#define TEXT(row) "array[row(" row ")::text collate \"C\"]"
#define MAPPINGS  TEXT("umid, srvname, usename, umoptions")
#define SUBS      TEXT("oid, subname, subowner, subenabled, subslotname, subsynccommit, subpublications")
#define ROLES     TEXT("oid, rolname, rolsuper")

void pgcat_probe_identity_sql(struct ls_buf *out)
{
    static const char *const settings[] = {
        "quote_all_identifiers",       "datestyle",    "intervalstyle", "extra_float_digits", "timezone",
        "standard_conforming_strings", "bytea_output", "lc_monetary",   "xmlbinary"};

    ls_buf_adds(out, "select concat_ws(' ', (select oid from pg_database where datname = current_database()), "
                     "pg_postmaster_start_time()::timestamp, current_user, session_user, version()");
    for (size_t i = 0; i < LS_ARRAY_LEN(settings); i++)
        ls_buf_addf(out, ", current_setting('%s', true)", settings[i]);
    /* A standby's snapshot does not name all that are under way. */
    ls_buf_adds(out, "), case when not pg_is_in_recovery() then pg_current_snapshot()::text end, "
                     "pg_snapshot_xmax(pg_current_snapshot())");
}

static void add_source(const struct source *s, size_t seed, const char *row, struct ls_buf *out)
{
    ls_buf_addf(out, "%sselect %d as s, ", seed > 0 ? " union all " : "", (int)s->set);
    if (s->bucket[0] != '\0')
        ls_buf_addf(out, "(%s::oid::bigint & %d)", s->bucket, PGCAT_BUCKETS - 1);
    else
        ls_buf_addf(out, "%zu", seed);
    ls_buf_addf(out, " as b, count(*) as n, sum(hash_array_extended(%s, %zu)) as h from pg_%s where (%s)", row, seed, s->table,
                s->where);
}

void pgcat_probe_sql(const struct pgcat *k, bool is_inside, const struct pgcat_probe *old, struct ls_buf *out)
{
    /* A transaction's own rows may be changed again under the same xmin. */
    const char *row = is_inside ? "array[xmin::text, cmin::text]" : "array[xmin]";
    struct ls_buf only = LS_BUF_INIT;

    if (old != NULL && old->snapshot[0] != '\0' && !is_inside)
        ls_buf_addf(&only, " and (select pg_current_snapshot()::text <> '%s')", old->snapshot); /* digits, ':' and ',' */
    ls_buf_adds(out, "select s, b, sum(n), sum(h) from (");
    for (size_t i = 0; i < LS_ARRAY_LEN(sources); i++) {
        if (sources[i].since > k->version / 10000)
            continue;
        add_source(&sources[i], i, row, out);
        ls_buf_adds(out, only.len > 0 ? only.ptr : "");
        ls_buf_adds(out, " group by 2");
    }
    add_source(&(struct source){PGS_OTHER, "user_mappings", "", "true", 0}, LS_ARRAY_LEN(sources), MAPPINGS, out);
    if (!k->without_subscriptions)
        add_source(&(struct source){PGS_OTHER, "subscription", "", "true", 0}, LS_ARRAY_LEN(sources) + 1, SUBS, out);
    add_source(&(struct source){PGS_REST, "roles", "", "true", 0}, LS_ARRAY_LEN(sources) + 2, ROLES, out);
    ls_buf_adds(out, ") q group by s, b");
    ls_buf_release(&only);
}

static uint64_t mix(uint64_t h, const char *s)
{
    for (; *s != '\0'; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211ULL;
    return (h ^ ' ') * 1099511628211ULL;
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

void pgcat_probe_take(struct pgcat_probe *p, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        int set = pgcat_int(&r, 0), bucket = pgcat_int(&r, 1);

        if (set >= 0 && set < PGS_N && bucket >= 0 && bucket < PGCAT_BUCKETS && PQgetvalue(res, r.row, 2)[0] != '0')
            p->sigs[set][bucket] = mix(mix(14695981039346656037ULL, PQgetvalue(res, r.row, 2)), PQgetvalue(res, r.row, 3));
    }
}

void pgcat_probe_release(struct pgcat_probe *p)
{
    free(p->identity);
    free(p->snapshot);
    p->identity = p->snapshot = NULL;
}

#define MAX_XIDS (1LL << 31) /* further apart, a number of 32 bits may have come back */

bool pgcat_probe_compare(const struct pgcat_probe *was, const struct pgcat_probe *is, struct pgcat_dirty *out)
{
    *out = (struct pgcat_dirty){.n = {0}};
    if (was->identity == NULL || is->identity == NULL || strcmp(was->identity, is->identity) != 0 ||
        was->is_inside != is->is_inside || is->xmax < was->xmax || is->xmax - was->xmax >= MAX_XIDS)
        return false;
    for (int set = 0; set < PGS_N; set++)
        for (int i = 0; i < PGCAT_BUCKETS; i++)
            if (was->sigs[set][i] != is->sigs[set][i]) {
                out->is_dirty[set][i] = true;
                out->n[set]++;
            }
    return out->n[PGS_REST] == 0 && out->n[PGS_REL] <= PGCAT_BUCKETS / 4;
}
