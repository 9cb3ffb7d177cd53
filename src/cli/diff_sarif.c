/* cli/diff_sarif.c: differences as a SARIF 2.1.0 log: a rule for each impact, a result for each difference, objects as logical
 * locations. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

static const char *level_of(enum ls_impact i)
{
    switch (i) {
    case LS_IMPACT_LOSES_DATA:
    case LS_IMPACT_BREAKS_READS:
    case LS_IMPACT_BREAKS_WRITES:
        return "error";
    case LS_IMPACT_SECURITY:
    case LS_IMPACT_PERFORMANCE:
        return "warning";
    default:
        return "note";
    }
}

/* "breaks reads" -> "schema-diff/breaks-reads" */
static void rule_id(enum ls_impact i, struct ls_buf *out)
{
    ls_buf_adds(out, "schema-diff/");
    for (const char *p = ls_impact_name(i); *p; p++)
        ls_buf_addc(out, *p == ' ' ? '-' : *p);
}

static json_t *message(const char *text)
{
    json_t *o = json_object();

    cli_json_set(o, "text", text);
    return o;
}

static json_t *rules(void)
{
    json_t *list = json_array();

    for (int i = 0; i < LS_N_IMPACTS; i++) {
        struct ls_buf id = LS_BUF_INIT;
        json_t *rule = json_object(), *config = json_object();

        rule_id((enum ls_impact)i, &id);
        cli_json_set(rule, "id", id.ptr);
        (void)json_object_set_new(rule, "shortDescription", message(ls_impact_meaning((enum ls_impact)i)));
        cli_json_set(config, "level", level_of((enum ls_impact)i));
        (void)json_object_set_new(rule, "defaultConfiguration", config);
        (void)json_array_append_new(list, rule);
        ls_buf_release(&id);
    }
    return list;
}

static json_t *result(const struct ls_diff *d, const struct ls_difference *x)
{
    struct ls_buf id = LS_BUF_INIT, text = LS_BUF_INIT, label = LS_BUF_INIT;
    json_t *o = json_object(), *where = json_object(), *place = json_object(), *places = json_array(), *logical = json_array(),
           *print = json_object();
    const struct ls_fact *f = x->a ? x->a : x->b;

    rule_id(x->impact, &id);
    ls_difference_line(x, &text);
    if (x->change == LS_CHANGE_RENAMED && d->renames.v[x->rename].state == LS_RENAME_PROPOSED)
        ls_buf_adds(&text, ", which is only proposed");
    if (x->why[0])
        ls_buf_addf(&text, " (%s)", x->why);
    ls_fact_label(f, false, &label);
    cli_json_set(o, "ruleId", id.ptr);
    cli_json_int(o, "ruleIndex", x->impact);
    cli_json_set(o, "level", level_of(x->impact));
    (void)json_object_set_new(o, "message", message(text.ptr));
    cli_json_set(place, "fullyQualifiedName", label.ptr);
    cli_json_set(place, "kind", ls_fact_kind_name(f->kind));
    (void)json_array_append_new(logical, place);
    (void)json_object_set_new(where, "logicalLocations", logical);
    (void)json_array_append_new(places, where);
    (void)json_object_set_new(o, "locations", places);
    ls_buf_addf(&label, " %s", ls_change_name(x->change));
    cli_json_set(print, "difference/v1", label.ptr);
    (void)json_object_set_new(o, "partialFingerprints", print);
    ls_buf_release(&id);
    ls_buf_release(&text);
    ls_buf_release(&label);
    return o;
}

json_t *cli_diff_sarif(const struct ls_diff *d)
{
    json_t *log = json_object(), *runs = json_array(), *run = json_object(), *tool = json_object(), *driver = json_object(),
           *results = json_array(), *properties = json_object();

    cli_json_set(driver, "name", PACKAGE_NAME);
    cli_json_set(driver, "version", PACKAGE_VERSION);
    (void)json_object_set_new(driver, "rules", rules());
    (void)json_object_set_new(tool, "driver", driver);
    (void)json_object_set_new(run, "tool", tool);
    for (size_t i = 0; i < d->d.n; i++)
        if (!d->d.v[i].is_implied)
            (void)json_array_append_new(results, result(d, &d->d.v[i]));
    (void)json_object_set_new(run, "results", results);
    cli_json_set(properties, "a", d->a->source);
    cli_json_set(properties, "b", d->b->source);
    (void)json_object_set_new(run, "properties", properties);
    (void)json_array_append_new(runs, run);
    cli_json_set(log, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    cli_json_set(log, "version", "2.1.0");
    (void)json_object_set_new(log, "runs", runs);
    return log;
}
