/* cli/cmd_version.c: what this build is. */
#include <config.h>

#include "cli/cmd.h"

#ifdef LS_WITH_POSTGRES
#define HAS_POSTGRES true
#else
#define HAS_POSTGRES false
#endif
#ifdef LS_WITH_SQLITE
#define HAS_SQLITE true
#else
#define HAS_SQLITE false
#endif
#ifdef LS_WITH_TUI
#define HAS_TUI true
#else
#define HAS_TUI false
#endif

/* The others are listed by `lockstep formats`. */
static bool is_worked_with(const struct ls_format *f)
{
    return (f->caps & LS_CAP_RECOGNISE_ONLY) == 0;
}

int cli_cmd_version(struct cli_ctx *ctx)
{
    static const struct {
        const char *name;
        bool is_built;
    } parts[] = {{"postgres", HAS_POSTGRES}, {"sqlite", HAS_SQLITE}, {"console", HAS_TUI}};
    size_t n = 0;
    const struct ls_format *const *formats = ls_formats(&n);

    if (ctx->root) {
        json_t *p = json_object(), *f = json_array();

        cli_json_set(ctx->root, "version", PACKAGE_VERSION);
        for (size_t i = 0; i < LS_ARRAY_LEN(parts); i++)
            cli_json_bool(p, parts[i].name, parts[i].is_built);
        (void)json_object_set_new(ctx->root, "built_in", p);
        for (size_t i = 0; i < n; i++)
            if (is_worked_with(formats[i]))
                (void)json_array_append_new(f, cli_json_text(formats[i]->name));
        (void)json_object_set_new(ctx->root, "formats", f);
        return 0;
    }
    cli_print(ctx, "lockstep %s", PACKAGE_VERSION);
    struct ls_buf b = LS_BUF_INIT;
    ls_buf_adds(&b, "built with");
    for (size_t i = 0; i < LS_ARRAY_LEN(parts); i++)
        ls_buf_addf(&b, " %s%s", parts[i].is_built ? "+" : "-", parts[i].name);
    cli_print(ctx, "%s", b.ptr);
    ls_buf_clear(&b);
    ls_buf_adds(&b, "formats");
    for (size_t i = 0; i < n; i++)
        if (is_worked_with(formats[i]))
            ls_buf_addf(&b, " %s", formats[i]->name);
    cli_print(ctx, "%s", b.ptr);
    ls_buf_release(&b);
    return 0;
}
