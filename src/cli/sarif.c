/* cli/sarif.c: findings as SARIF 2.1.0. Section numbers are those of the standard. */
#include <config.h>

#include "cli/sarif.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/mem.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

/* 3.27.10: how bad a result is. */
static const char *level(enum ls_severity s)
{
    static const char *const levels[] = {
        [LS_SEV_INFO] = "note", [LS_SEV_WARNING] = "warning", [LS_SEV_DANGER] = "error", [LS_SEV_ERROR] = "error"};

    return levels[s];
}

static const char *rule_id(const struct ls_lint_finding *f)
{
    return f->rule != NULL ? f->rule : f->diag.code;
}

static json_t *text(const char *message)
{
    json_t *o = json_object();

    cli_json_set(o, "text", message != NULL && message[0] != '\0' ? message : "no more is known");
    return o;
}

/* RFC 3986: what may stand in a path stays; 3.4.4 wants a relative one where there is a base. */
static json_t *uri(const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    struct ls_buf b = LS_BUF_INIT;
    json_t *out;

    if (path[0] == '/')
        ls_buf_adds(&b, "file://");
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    for (const char *p = path; *p != '\0'; p++) {
        if (strchr(plain, *p) != NULL)
            ls_buf_addc(&b, *p);
        else
            ls_buf_addf(&b, "%%%02X", (unsigned)(unsigned char)*p);
    }
    out = cli_json_text(b.len > 0 ? b.ptr : ".");
    ls_buf_release(&b);
    return out;
}

static json_t *location(const struct ls_diag *d)
{
    json_t *o = json_object(), *physical = json_object(), *artifact = json_object(), *region;

    (void)json_object_set_new(artifact, "uri", uri(d->path));
    if (d->path[0] != '/')
        cli_json_set(artifact, "uriBaseId", "%SRCROOT%");
    (void)json_object_set_new(physical, "artifactLocation", artifact);
    if (d->line > 0) {
        region = json_object();
        cli_json_int(region, "startLine", d->line);
        (void)json_object_set_new(physical, "region", region);
    }
    (void)json_object_set_new(o, "physicalLocation", physical);
    return o;
}

/* The place of a rule among those that were met, which it is added to; the words of its first finding explain it. */
static int64_t rule_index(json_t *rules, const struct ls_lint_finding *f)
{
    const char *id = rule_id(f);
    json_t *rule, *config;
    char *words;
    size_t i;

    json_array_foreach(rules, i, rule) {
        if (strcmp(json_string_value(json_object_get(rule, "id")), id) == 0)
            return (int64_t)i;
    }
    rule = json_object();
    config = json_object();
    words = ls_strdup(f->diag.code);
    for (char *p = words; *p != '\0'; p++)
        *p = *p == '-' ? ' ' : *p;
    cli_json_set(rule, "id", id);
    cli_json_set(rule, "name", f->diag.code);
    (void)json_object_set_new(rule, "shortDescription", text(words));
    free(words);
    if (f->diag.hint != NULL)
        (void)json_object_set_new(rule, "help", text(f->diag.hint));
    cli_json_set(config, "level", level(f->diag.severity));
    (void)json_object_set_new(rule, "defaultConfiguration", config);
    (void)json_array_append_new(rules, rule);
    return (int64_t)json_array_size(rules) - 1;
}

static json_t *result(json_t *rules, const struct ls_lint_finding *f)
{
    json_t *o = json_object(), *places = json_array();
    struct ls_buf message = LS_BUF_INIT;

    cli_json_set(o, "ruleId", rule_id(f));
    cli_json_int(o, "ruleIndex", rule_index(rules, f));
    cli_json_set(o, "level", level(f->diag.severity));
    ls_buf_adds(&message, f->diag.message);
    if (f->diag.hint != NULL)
        ls_buf_addf(&message, "\n%s", f->diag.hint);
    (void)json_object_set_new(o, "message", text(message.ptr));
    ls_buf_release(&message);
    if (f->diag.path != NULL)
        (void)json_array_append_new(places, location(&f->diag));
    (void)json_object_set_new(o, "locations", places);
    return o;
}

json_t *cli_sarif(const struct ls_lint_report *report)
{
    json_t *root = json_object(), *runs = json_array(), *run = json_object(), *tool = json_object(), *driver = json_object();
    json_t *rules = json_array(), *results = json_array();

    for (size_t i = 0; i < report->f.n; i++)
        (void)json_array_append_new(results, result(rules, &report->f.v[i]));
    cli_json_set(driver, "name", PACKAGE_NAME);
    cli_json_set(driver, "version", PACKAGE_VERSION);
    (void)json_object_set_new(driver, "rules", rules);
    (void)json_object_set_new(tool, "driver", driver);
    (void)json_object_set_new(run, "tool", tool);
    (void)json_object_set_new(run, "results", results);
    cli_json_set(run, "columnKind", "unicodeCodePoints");
    (void)json_array_append_new(runs, run);
    cli_json_set(root, "$schema", SCHEMA);
    cli_json_set(root, "version", "2.1.0");
    (void)json_object_set_new(root, "runs", runs);
    return root;
}
