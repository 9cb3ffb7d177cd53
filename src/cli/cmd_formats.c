/* cli/cmd_formats.c: which tools lockstep knows, and whose migrations lie in a folder. Needs no database. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "lockstep/format/format.h"

/* Itself, or by the tool as its child. */
#define RUNS (LS_CAP_NATIVE_APPLY | LS_CAP_DELEGATE)

/* What a format can do, in the order in which it is said. */
static const struct {
    unsigned cap;
    const char *word;
} abilities[] = {
    {RUNS, "up"},                       {LS_CAP_DOWN, "down"},
    {LS_CAP_RECORD_ONLY, "mark"},       {LS_CAP_VERIFY, "verify files"},
    {LS_CAP_REPEATABLE, "repeatables"}, {LS_CAP_CHECKSUM, "checksums"},
    {LS_CAP_DIRTY, "dirty state"},
};

/* Without an up of lockstep's own there is no down either. */
static bool can(const struct ls_format *f, unsigned cap)
{
    unsigned caps = f->caps;

    if ((caps & LS_CAP_RECOGNISE_ONLY) != 0)
        return false;
    if ((caps & RUNS) == 0)
        caps &= ~(unsigned)LS_CAP_DOWN;
    return (caps & cap) != 0;
}

static const char *level(const struct ls_format *f)
{
    if ((f->caps & LS_CAP_RECOGNISE_ONLY) != 0)
        return "recognised";
    return (f->caps & LS_CAP_NATIVE_APPLY) != 0 ? "operated" : (f->caps & LS_CAP_DELEGATE) != 0 ? "delegated" : "read";
}

static const char *ability_text(const struct ls_format *f, struct ls_buf *b)
{
    ls_buf_clear(b);
    if ((f->caps & LS_CAP_RECOGNISE_ONLY) != 0) {
        ls_buf_adds(b, "known by name only");
        return b->ptr;
    }
    ls_buf_adds(b, "status");
    for (size_t i = 0; i < LS_ARRAY_LEN(abilities); i++)
        if (can(f, abilities[i].cap))
            ls_buf_addf(b, ", %s", abilities[i].word);
    if ((f->caps & LS_CAP_DELEGATE) != 0)
        ls_buf_addf(b, " (up and down by %s itself)", f->title);
    return b->ptr;
}

static const char *score_word(int score)
{
    if (score >= LS_DETECT_CERTAIN)
        return "certain";
    return score >= 50 ? "strong" : "possible";
}

static const char *dialect_word(const struct ls_detect *d)
{
    return d->has_dialect ? ls_dialect_name(d->dialect) : NULL;
}

static void print_known(struct cli_ctx *ctx, const struct ls_format *const *formats, size_t n)
{
    static const struct cli_column columns[] = {{"FORMAT", CLI_LEFT}, {"TOOL", CLI_LEFT}, {"CAN", CLI_LEFT}};
    struct ls_buf b = LS_BUF_INIT;
    struct cli_table t;

    cli_table_init(&t, columns, LS_ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        cli_table_add(&t, formats[i]->name);
        cli_table_add(&t, formats[i]->title);
        cli_table_add(&t, ability_text(formats[i], &b));
    }
    cli_table_print(ctx, &t, false);
    cli_table_release(&t);
    ls_buf_release(&b);
}

static void print_found(struct cli_ctx *ctx, const struct ls_founds *found, const char *dir)
{
    static const struct cli_column columns[] = {{"FOUND", CLI_LEFT},       {"FOLDER", CLI_LEFT},   {"DIALECT", CLI_LEFT},
                                                {"MIGRATIONS", CLI_RIGHT}, {"HOW SURE", CLI_LEFT}, {"EVIDENCE", CLI_LEFT}};
    struct cli_table t;

    (void)fputc('\n', ctx->out);
    if (found->f.n == 0) {
        cli_print(ctx, "no migrations found in %s", dir);
        return;
    }
    cli_table_init(&t, columns, LS_ARRAY_LEN(columns));
    for (size_t i = 0; i < found->f.n; i++) {
        const struct ls_found *f = &found->f.v[i];

        cli_table_add(&t, f->format->name);
        cli_table_add(&t, f->dir);
        cli_table_add(&t, f->detect.has_dialect ? dialect_word(&f->detect) : "-");
        cli_table_addf(&t, "%zu", f->detect.n_migrations);
        cli_table_add(&t, score_word(f->detect.score));
        cli_table_add(&t, f->detect.evidence);
    }
    cli_table_print(ctx, &t, false);
    cli_table_release(&t);
}

static json_t *known_json(const struct ls_format *f)
{
    json_t *o = json_object(), *a = json_array();

    cli_json_set(o, "name", f->name);
    cli_json_set(o, "title", f->title);
    cli_json_set(o, "level", level(f));
    if ((f->caps & LS_CAP_RECOGNISE_ONLY) == 0)
        (void)json_array_append_new(a, cli_json_text("status"));
    for (size_t i = 0; i < LS_ARRAY_LEN(abilities); i++)
        if (can(f, abilities[i].cap))
            (void)json_array_append_new(a, cli_json_text(abilities[i].word));
    (void)json_object_set_new(o, "can", a);
    return o;
}

static json_t *found_json(const struct ls_found *f)
{
    json_t *o = json_object();

    cli_json_set(o, "format", f->format->name);
    cli_json_set(o, "title", f->format->title);
    cli_json_set(o, "folder", f->dir);
    cli_json_set(o, "dialect", dialect_word(&f->detect));
    cli_json_int(o, "migrations", (int64_t)f->detect.n_migrations);
    cli_json_int(o, "score", f->detect.score);
    cli_json_set(o, "how_sure", score_word(f->detect.score));
    cli_json_set(o, "evidence", f->detect.evidence);
    return o;
}

static void fill_json(json_t *root, const struct ls_format *const *formats, size_t n, const struct ls_founds *found)
{
    json_t *known = json_array(), *here = json_array();

    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(known, known_json(formats[i]));
    for (size_t i = 0; i < found->f.n; i++)
        (void)json_array_append_new(here, found_json(&found->f.v[i]));
    (void)json_object_set_new(root, "formats", known);
    (void)json_object_set_new(root, "found", here);
}

int cli_cmd_formats(struct cli_ctx *ctx)
{
    const char *dir = ctx->words.args[0];
    const struct ls_format *const *formats;
    struct ls_founds found = {0};
    int code = 0;
    size_t n;

    if (dir == NULL)
        dir = cli_has(ctx, CLI_O(MIGRATIONS)) ? ctx->v->text[CLI_OPT_MIGRATIONS] : ".";
    formats = ls_formats(&n);
    if (ls_format_detect_tree(dir, &found, &ctx->error) != LS_OK) {
        code = cli_fail(ctx);
    } else if (ctx->root != NULL) {
        fill_json(ctx->root, formats, n, &found);
    } else {
        print_known(ctx, formats, n);
        print_found(ctx, &found, dir);
    }
    ls_founds_release(&found);
    return code;
}
