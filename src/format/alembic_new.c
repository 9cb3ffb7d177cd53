/* A new revision, as `alembic revision -m` makes it: the name from file_template, the text from the project's script.py.mako. */
#include <config.h>

#include "format/alembic.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "format/scan.h"
#include "lockstep/base/mem.h"

/* What `alembic init` puts there (source: templates/generic/script.py.mako); for projects whose own is not there. */
static const char usual_template[] =
    "\"\"\"${message}\n\nRevision ID: ${up_revision}\nRevises: ${down_revision | comma,n}\nCreate Date: ${create_date}\n\n\"\"\"\n"
    "from alembic import op\nimport sqlalchemy as sa\n${imports if imports else \"\"}\n"
    "# revision identifiers, used by Alembic.\nrevision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n"
    "branch_labels = ${repr(branch_labels)}\ndepends_on = ${repr(depends_on)}\n\n\n"
    "def upgrade() -> None:\n    ${upgrades if upgrades else \"pass\"}\n\n\ndef downgrade() -> None:\n    ${downgrades if downgrades else \"pass\"}\n";

struct revision {
    const char *id, *message, *slug;
    const char *parent;     /* NULL: the first one */
    int64_t wall_us;
    struct tm local;
};

/* As Python's repr() writes a text. */
static void add_repr(struct ls_buf *out, const char *text)
{
    char quote = strchr(text, '\'') != NULL && strchr(text, '"') == NULL ? '"' : '\'';

    ls_buf_addc(out, quote);
    for (; *text != '\0'; text++) {
        if (*text == quote || *text == '\\')
            ls_buf_addc(out, '\\');
        ls_buf_addc(out, *text);
    }
    ls_buf_addc(out, quote);
}

static void add_date(struct ls_buf *out, const struct revision *r)
{
    char date[32];

    (void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &r->local);
    ls_buf_addf(out, "%s.%06d", date, (int)(r->wall_us % 1000000));
}

/* The expressions that templates of alembic have. False: another one, which only Python can work out. */
static bool add_expression(struct ls_buf *out, const struct revision *r, struct ls_str x)
{
    static const char *const known[] = {"message", "up_revision", "down_revision | comma,n", "create_date", "imports if imports else \"\"",
                                        "repr(up_revision)", "repr(down_revision)", "repr(branch_labels)", "repr(depends_on)",
                                        "upgrades if upgrades else \"pass\"", "downgrades if downgrades else \"pass\""};
    size_t i = 0;

    while (i < LS_ARRAY_LEN(known) && !(strlen(known[i]) == x.len && memcmp(known[i], x.ptr, x.len) == 0))
        i++;
    switch (i) {
    case 0:
        ls_buf_adds(out, r->message);
        return true;
    case 1:
        ls_buf_adds(out, r->id);
        return true;
    case 2:
        ls_buf_adds(out, r->parent != NULL ? r->parent : "");
        return true;
    case 3:
        add_date(out, r);
        return true;
    case 4:
        return true;
    case 5:
        add_repr(out, r->id);
        return true;
    case 6:
        if (r->parent != NULL)
            add_repr(out, r->parent);
        else
            ls_buf_adds(out, "None");
        return true;
    case 7:
    case 8:
        ls_buf_adds(out, "None");
        return true;
    case 9:
    case 10:
        ls_buf_adds(out, "pass");
        return true;
    default:
        return false;
    }
}

/* Lines of code ('%', '<%', '##') and other expressions are Python. */
static bool render(struct ls_buf *out, const struct revision *r, const char *text)
{
    bool at_start = true;

    for (const char *p = text; *p != '\0'; p++) {
        const char *end;

        if (at_start) {
            const char *q = p + strspn(p, " \t");

            if ((q[0] == '%' && q[1] != '%') || (q[0] == '#' && q[1] == '#'))
                return false;
        }
        if (p[0] == '<' && (p[1] == '%' || (p[1] == '/' && p[2] == '%')))
            return false;
        at_start = *p == '\n';
        if (p[0] != '$' || p[1] != '{') {
            ls_buf_addc(out, *p);
            continue;
        }
        if ((end = strchr(p, '}')) == NULL || !add_expression(out, r, (struct ls_str){p + 2, (size_t)(end - p - 2)}))
            return false;
        p = end;
    }
    return true;
}

/* --- the name ------------------------------------------------------------------------------------------------------------------------------------ */

static bool add_field(struct ls_buf *out, const struct revision *r, struct ls_str name, int width)
{
    const struct {
        const char *name;
        long value;
    } numbers[] = {{"year", r->local.tm_year + 1900L}, {"month", r->local.tm_mon + 1L}, {"day", r->local.tm_mday}, {"hour", r->local.tm_hour},
                   {"minute", r->local.tm_min},        {"second", r->local.tm_sec},     {"epoch", (long)(r->wall_us / 1000000)}};

    for (size_t i = 0; i < LS_ARRAY_LEN(numbers); i++)
        if (strlen(numbers[i].name) == name.len && memcmp(numbers[i].name, name.ptr, name.len) == 0) {
            ls_buf_addf(out, "%0*ld", width, numbers[i].value);
            return true;
        }
    if (name.len == 3 && memcmp(name.ptr, "rev", 3) == 0)
        ls_buf_adds(out, r->id);
    else if (name.len == 4 && memcmp(name.ptr, "slug", 4) == 0)
        ls_buf_adds(out, r->slug);
    else
        return false;
    return true;
}

/* Python's % on "%(rev)s_%(slug)s", "%(month).2d", "%(day)02d". */
static bool add_name(struct ls_buf *out, const struct revision *r, const char *template)
{
    for (const char *p = template; *p != '\0'; p++) {
        const char *end;
        int width = 0;

        if (*p != '%') {
            ls_buf_addc(out, *p);
            continue;
        }
        if (p[1] == '%') {
            ls_buf_addc(out, *++p);
            continue;
        }
        if (p[1] != '(' || (end = strchr(p, ')')) == NULL)
            return false;
        struct ls_str name = {p + 2, (size_t)(end - p - 2)};
        for (p = end + 1; *p == '.' || (*p >= '0' && *p <= '9'); p++)
            width = *p == '.' || width > 20 ? width : width * 10 + (*p - '0');
        if ((*p != 's' && *p != 'd') || !add_field(out, r, name, width))
            return false;
    }
    return out->len > 0 && strchr(out->ptr, '/') == NULL;
}

/* Words in lower case, joined by '_', cut at a word (source: script/base.py _rev_path). */
static const char *slug_of(struct ls_arena *arena, const char *message, int max)
{
    struct ls_buf out = LS_BUF_INIT;
    const char *slug;

    for (const char *p = message; *p != '\0'; p++) {
        bool is_word = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_' || (unsigned char)*p >= 0x80;

        if (is_word)
            ls_buf_addc(&out, *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p);
        else if (out.len > 0 && p[1] != '\0' && out.ptr[out.len - 1] != ' ')
            ls_buf_addc(&out, ' ');
    }
    while (out.len > 0 && out.ptr[out.len - 1] == ' ')
        ls_buf_truncate(&out, out.len - 1);
    for (size_t i = 0; i < out.len; i++)
        out.ptr[i] = out.ptr[i] == ' ' ? '_' : out.ptr[i];
    if (out.len > (size_t)max) {
        size_t cut = (size_t)max;

        while (cut > 0 && out.ptr[cut - 1] != '_')
            cut--;
        ls_buf_truncate(&out, cut > 0 ? cut : (size_t)max);
        if (cut == 0)
            ls_buf_addc(&out, '_');
    }
    slug = ls_arena_strn(arena, out.ptr != NULL ? out.ptr : "", out.len);
    ls_buf_release(&out);
    return slug;
}

/* The one head, and the folder that its file is in; a head is what no other names as its parent. *n: how many there are. */
static const struct ls_migration *find_head(const struct ls_migrations *all, size_t *n)
{
    const struct ls_migration *head = NULL;

    *n = 0;
    for (size_t i = 0; i < all->m.n; i++) {
        bool is_parent = false;

        for (size_t k = 0; k < all->m.n && !is_parent; k++)
            for (const char *const *p = all->m.v[k].parents; p != NULL && *p != NULL; p++)
                is_parent = is_parent || strcmp(*p, all->m.v[i].id) == 0;
        if (!is_parent)
            head = &all->m.v[i];
        *n += !is_parent;
    }
    return head;
}

static const char *template_of(struct ls_arena *arena, const struct ls_alembic_conf *c)
{
    char *path = ls_path_join(c->script_dir, "script.py.mako");
    struct ls_buf text = LS_BUF_INIT;
    const char *out = usual_template;

    if (ls_path_kind(path) == LS_PATH_FILE)
        out = ls_file_read(path, 0, 1024 * 1024, &text, NULL) == LS_OK ? ls_arena_strn(arena, text.ptr, text.len) : NULL;
    ls_buf_release(&text);
    free(path);
    return out;
}

static bool make_id(struct ls_arena *arena, struct revision *r)
{
    unsigned char b[6];

    if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
        return false;
    r->id = ls_arena_printf(arena, "%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
    return true;
}

int ls_alembic_new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3],
                         const char *texts[3], struct ls_err *err)
{
    struct ls_buf name = LS_BUF_INIT, text = LS_BUF_INIT;
    struct revision r = {.message = slug, .wall_us = wall_us};
    time_t seconds = (time_t)(wall_us / 1000000);
    struct ls_alembic_conf c;
    const struct ls_migration *head;
    const char *template, *dir;
    size_t n_heads;
    int n = 0;

    ls_alembic_conf_read(arena, m->dir, &c);
    head = find_head(m, &n_heads);
    template = template_of(arena, &c);
    (void)localtime_r(&seconds, &r.local);
    r.slug = slug_of(arena, slug, c.slug_length);
    r.parent = head != NULL ? head->id : NULL;
    if (n_heads > 1) {
        ls_err_set(err, LS_E_REFUSED, "there are %zu heads, and a new revision follows one of them", n_heads);
        ls_err_hint(err, "join them first (alembic merge heads), or say which: alembic revision --head ID -m \"...\"");
    } else if (r.slug[0] == '\0') {
        ls_err_set(err, LS_E_USAGE, "\"%s\" gives no file name: use letters and digits", slug);
    } else if (!make_id(arena, &r)) {
        ls_err_sys(err, "random bytes for the revision's id");
    } else if (!add_name(&name, &r, c.file_template)) {
        ls_err_set(err, LS_E_UNSUPPORTED, "%s: file_template has something in it that only alembic understands", c.path != NULL ? c.path : "alembic.ini");
        ls_err_hint(err, "make it with alembic: alembic revision -m \"...\"");
    } else if (template == NULL || !render(&text, &r, template)) {
        ls_err_set(err, LS_E_UNSUPPORTED, "%s/script.py.mako has something in it that only Python can work out", c.script_dir);
        ls_err_hint(err, "make it with alembic: alembic revision -m \"...\"");
    } else {
        dir = head != NULL && head->up.path != NULL ? ls_arena_strn(arena, head->up.path, (size_t)(ls_path_base(head->up.path) - head->up.path))
                                                    : ls_arena_printf(arena, "%s/", c.versions[0]);
        paths[0] = ls_arena_printf(arena, "%s%s.py", dir, name.ptr);
        texts[0] = ls_arena_strn(arena, text.ptr, text.len);
        n = 1;
    }
    ls_buf_release(&name);
    ls_buf_release(&text);
    return n;
}
