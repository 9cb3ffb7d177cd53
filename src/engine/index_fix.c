/* From verdicts to migrations: which statements go together, by what the format can say, with what is worth saying in front of them. */
#include <config.h>

#include "engine/index_fix_priv.h"

#include <string.h>

#include "lockstep/base/text.h"
#include "lockstep/format/layout.h"
#include "lockstep/sql/quote.h"

/* Waiting for CONCURRENTLY blocks nobody, and giving up leaves an invalid index; waiting for any other lock blocks whoever comes behind. */
#define WAIT_ALONE "10min"
#define WAIT_LOCKING "3s"

/* formats.md 4 and 5. What is not named here runs statement by statement and can be told to go without a transaction. */
static const struct {
    const struct ls_format *format;
    enum fix_mode mode;
} modes[] = {
    {&ls_format_golang_migrate, FIX_ALONE}, /* the file is one simple query */
    {&ls_format_dbmate, FIX_ALONE},         /* transaction:false, and the block is one query still */
    {&ls_format_sqlx, FIX_ALONE},
    {&ls_format_diesel, FIX_ALONE},
    {&ls_format_prisma, FIX_ALONE},
    {&ls_format_flyway, FIX_KINDS},         /* both kinds in a file are an error unless flyway.mixed */
    {&ls_format_drizzle, FIX_LOCKING},      /* one transaction for all that is pending */
    {&ls_format_drizzle1, FIX_LOCKING},
    {&ls_format_node_pg_migrate, FIX_LOCKING}, /* its SQL files cannot say noTransaction */
};

/* 14.0 to 14.3 could build damaged indexes concurrently (release notes of 14.4). */
static bool is_unsafe(const struct ls_usage *u)
{
    return u->dialect == LS_DIALECT_POSTGRES && u->server_version >= 140000 && u->server_version < 140004;
}

static enum fix_mode mode_of(const struct ls_usage *u, const struct ls_format *format)
{
    if (u->dialect == LS_DIALECT_SQLITE)
        return FIX_TX;
    if (is_unsafe(u))
        return FIX_LOCKING;
    for (size_t i = 0; i < LS_ARRAY_LEN(modes); i++)
        if (modes[i].format == format)
            return modes[i].mode;
    return FIX_MANY;
}

/* Words from a database in a comment: no line ends, and nothing that any tool takes for a marker or a variable there. */
static void add_comment(struct ls_buf *out, const char *lead, const char *text)
{
    struct ls_buf clean = LS_BUF_INIT;

    ls_ui_text_line(&clean, text);
    ls_buf_addf(out, "-- %s", lead);
    for (const char *p = clean.ptr; *p != '\0'; p++)
        ls_buf_addc(out, strchr("+$@{}`\\|#>", *p) != NULL || (*p == ':' && p[1] != ' ') ? '.' : *p);
    ls_buf_addc(out, '\n');
    ls_buf_release(&clean);
}

/* A statement that a tool would cut in two, or take a line of for one of its own. */
static enum ls_rc check_text(const struct fix *f, const char *sql, struct ls_err *err)
{
    const struct ls_layout *l = f->format->layout;
    bool is_bad = l != NULL && ((l->stmt_between != NULL && strstr(sql, l->stmt_between) != NULL) ||
                                (l->variables != NULL && strstr(sql, l->variables) != NULL));

    for (const char *p = strchr(sql, '\n'); p != NULL && !is_bad; p = strchr(p + 1, '\n'))
        is_bad = strncmp(p + 1 + strspn(p + 1, " \t\r"), "--", 2) == 0;
    if (!is_bad)
        return LS_OK;
    ls_err_set(err, LS_E_REFUSED, "a name or an expression in it holds text that means something to %s: %.120s", f->format->title, sql);
    ls_err_hint(err, "write this migration by hand: lockstep new NAME");
    return LS_E_REFUSED;
}

/* Settings that a tool's session keeps are put back: what runs behind it in the same session is not to wait longer for its locks. */
static void add_settings(struct ls_buf *out, bool begin, bool alone)
{
    const char *local = alone ? "false" : "true";

    if (begin)
        ls_buf_addf(out,
                    "SELECT set_config('lockstep.lock_timeout', current_setting('lock_timeout'), %s), set_config('lock_timeout', '%s', %s);\n", local,
                    alone ? WAIT_ALONE : WAIT_LOCKING, local);
    else
        ls_buf_addf(out, "SELECT set_config('lock_timeout', current_setting('lockstep.lock_timeout'), %s);\n", local);
}

static bool any_alone(const struct fix_stmt *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i].alone)
            return true;
    return false;
}

static const char *seal(struct fix *f, struct ls_buf *b)
{
    const char *text = ls_arena_strn(f->arena, b->ptr, b->len);

    ls_buf_release(b);
    return text;
}

/* Statements s[0..n) as a text. */
static enum ls_rc add_statements(const struct fix *f, const struct fix_stmt *s, size_t n, struct ls_buf *out, struct ls_err *err)
{
    bool alone = any_alone(s, n);
    /* One query must be one statement; Flyway's files are of one kind. */
    bool settings = n > 0 && f->u->dialect == LS_DIALECT_POSTGRES && !(alone && f->mode != FIX_MANY) && f->mode != FIX_KINDS;

    if (settings)
        add_settings(out, true, alone);
    for (size_t i = 0; i < n; i++) {
        if (check_text(f, s[i].sql, err) != LS_OK)
            return LS_E_REFUSED;
        ls_buf_addf(out, "%s;\n", s[i].sql);
    }
    if (settings)
        add_settings(out, false, alone);
    return LS_OK;
}

/* --- parts -------------------------------------------------------------------------------------------------------------------------------------------- */

/* Where the group that begins at `from` ends. */
static size_t group_end(const struct fix *f, const struct fix_stmt *s, size_t n, size_t from)
{
    size_t to = from + 1;

    if (f->mode != FIX_ALONE && f->mode != FIX_KINDS)
        return n;
    while (to < n && s[to].alone == s[from].alone && !(s[from].alone && f->mode == FIX_ALONE))
        to++;
    return to;
}

static size_t count_groups(const struct fix *f, const struct fix_stmt *s, size_t n)
{
    size_t groups = 0;

    for (size_t i = 0; i < n; i = group_end(f, s, n, i))
        groups++;
    return groups;
}

struct parts {
    size_t n;
    const char **ups, **downs, **slugs;
    bool *up_alone, *down_alone;
};

static void add_head(const struct fix *f, const struct ls_index_verdict *const *v, uint32_t n, const char *note, struct ls_buf *out)
{
    for (uint32_t i = 0; i < n; i++) {
        const char *lead = ls_arena_printf(f->arena, "%s %s, ", ls_verdict_code(v[i]->id), ls_verdict_word(v[i]->id));

        add_comment(out, lead, v[i]->object);
        if (v[i]->title != NULL && v[i]->title[0] != '\0')
            add_comment(out, "  ", v[i]->title);
        if (v[i]->price != NULL && v[i]->price[0] != '\0')
            add_comment(out, "  Price: ", v[i]->price);
    }
    if (note != NULL)
        add_comment(out, "", note);
}

/* "add" when all of them add. */
static const char *common_verb(struct fix *f)
{
    size_t n = f->slugs.n > 0 ? strcspn(f->slugs.v[0], " ") : 0;

    for (size_t i = 1; i < f->slugs.n; i++)
        if (strncmp(f->slugs.v[i], f->slugs.v[0], n + 1) != 0)
            return "change";
    return n > 0 ? ls_arena_strn(f->arena, f->slugs.v[0], n) : "change";
}

static const char *part_slug(struct fix *f, size_t i, size_t n)
{
    const char *base = f->slugs.n == 1 ? f->slugs.v[0] : ls_arena_printf(f->arena, "%s %zu indexes", common_verb(f), f->slugs.n);
    struct ls_buf b = LS_BUF_INIT;

    for (const char *p = base; *p != '\0' && b.len < 80; p++) {
        bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');

        if (is_plain)
            ls_buf_addc(&b, *p);
        else if (b.len > 0 && b.ptr[b.len - 1] != '_')
            ls_buf_addc(&b, '_');
    }
    while (b.len > 0 && b.ptr[b.len - 1] == '_')
        ls_buf_truncate(&b, b.len - 1);
    if (b.len == 0)
        ls_buf_adds(&b, "index");
    if (n > 1)
        ls_buf_addf(&b, "_%zu_of_%zu", i + 1, n);
    return seal(f, &b);
}

/* Part i goes up as the i-th group, and down, when it is its turn, as the group of the way back that is as far from its end. */
static enum ls_rc make_parts(struct fix *f, const struct ls_index_verdict *const *v, uint32_t n_v, const char *note, struct parts *p, struct ls_err *err)
{
    size_t n_up = count_groups(f, f->up.v, f->up.n), n_down = count_groups(f, f->down.v, f->down.n), from = 0;
    bool has_down = (f->format->caps & LS_CAP_DOWN) != 0 || f->mode == FIX_KINDS;

    p->n = n_up > n_down || !has_down ? n_up : n_down;
    p->ups = LS_ARENA_ARRAY(f->arena, const char *, p->n);
    p->downs = LS_ARENA_ARRAY(f->arena, const char *, p->n);
    p->slugs = LS_ARENA_ARRAY(f->arena, const char *, p->n);
    p->up_alone = LS_ARENA_ARRAY(f->arena, bool, p->n);
    p->down_alone = LS_ARENA_ARRAY(f->arena, bool, p->n);
    for (size_t i = 0; i < p->n; i++) {
        size_t to = from < f->up.n ? group_end(f, f->up.v, f->up.n, from) : from;
        struct ls_buf b = LS_BUF_INIT;

        if (i == 0)
            add_head(f, v, n_v, note, &b);
        if (from == to)
            ls_buf_adds(&b, "-- Nothing on the way up: this one is for the way back.\nSELECT 1;\n");
        if (add_statements(f, f->up.v + from, to - from, &b, err) != LS_OK) {
            ls_buf_release(&b);
            return LS_E_REFUSED;
        }
        p->up_alone[i] = any_alone(f->up.v + from, to - from);
        p->slugs[i] = part_slug(f, i, p->n);
        p->ups[i] = seal(f, &b);
        from = to;
    }
    from = 0;
    for (size_t i = p->n; i-- > 0;) {
        size_t to = from < f->down.n ? group_end(f, f->down.v, f->down.n, from) : from;
        struct ls_buf b = LS_BUF_INIT;

        if (from == to)
            ls_buf_addf(&b, "-- %s\nSELECT 1;\n", f->no_way_back != NULL ? f->no_way_back : "Nothing to take back.");
        else if (add_statements(f, f->down.v + from, to - from, &b, err) != LS_OK) {
            ls_buf_release(&b);
            return LS_E_REFUSED;
        }
        p->down_alone[i] = from < to && any_alone(f->down.v + from, to - from);
        p->downs[i] = seal(f, &b);
        from = to;
    }
    return LS_OK;
}

static const char *join(struct fix *f, const char **texts, size_t n, bool backwards)
{
    struct ls_buf b = LS_BUF_INIT;

    for (size_t i = 0; i < n; i++)
        ls_buf_adds(&b, texts[backwards ? n - 1 - i : i]);
    return seal(f, &b);
}

static const char *note_of(struct fix *f)
{
    bool builds = false;

    for (size_t i = 0; i < f->up.n; i++)
        builds = builds || strncmp(f->up.v[i].sql, "CREATE", 6) == 0;
    if (f->mode == FIX_LOCKING && is_unsafe(f->u))
        return ls_arena_printf(f->arena, "%s can damage an index that it builds with CONCURRENTLY (14.0 to 14.3), so this goes without: writes to the table "
                                         "wait until it is done. Update to 14.4 first, if that is too long.",
                               f->u->server);
    if (f->mode == FIX_LOCKING)
        return ls_arena_printf(f->arena, "%s runs all that is pending in one transaction, where CONCURRENTLY is not possible: %s", f->format->title,
                               builds ? "writes to the table wait until the index is built." : "the table is locked for the moment that it takes.");
    if (f->mode == FIX_KINDS)
        return "Flyway itself runs this outside of a transaction, lockstep leaves it to Flyway; flyway.postgresql.transactional.lock must be false, or it "
               "waits for itself.";
    if (f->mode == FIX_ALONE && any_alone(f->up.v, f->up.n))
        return ls_arena_printf(f->arena, "%s sends a file as one query, so each of these has a file of its own. Run it with a long lock timeout "
                                         "(lockstep up --lock-timeout 10min): waiting blocks nobody here, and giving up leaves an invalid index.",
                               f->format->title);
    return NULL;
}

static const char *verify_of(struct fix *f)
{
    struct ls_buf b = LS_BUF_INIT;

    if (f->checks.n == 0)
        return NULL;
    ls_buf_adds(&b, "-- What was built is valid; one that a later migration has dropped is no fault.\n");
    for (size_t i = 0; i < f->checks.n; i++)
        ls_buf_addf(&b, "%s;\n", f->checks.v[i]);
    return seal(f, &b);
}

static void list_names(struct fix *f, struct ls_fix_text *out)
{
    const char **names = LS_ARENA_ARRAY(f->arena, const char *, f->taken.n + f->dropped.n + 1);

    for (size_t i = 0; i < f->taken.n; i++)
        names[out->n_names++] = ls_arena_str(f->arena, f->taken.v[i]);
    for (size_t i = 0; i < f->dropped.n; i++)
        names[out->n_names++] = ls_arena_str(f->arena, f->dropped.v[i]);
    out->names = names;
}

enum ls_rc ls_fix_write(const struct ls_usage *u, const struct ls_index_verdict *const *v, uint32_t n, const struct ls_format *format,
                        struct ls_fix_text *out, struct ls_err *err)
{
    struct fix f = {.arena = ls_arena_new(), .u = u, .format = format, .mode = mode_of(u, format)};
    struct parts p = {0};
    enum ls_rc rc = n > 0 ? LS_OK : ls_err_set(err, LS_E_USAGE, "there is nothing to mend");

    memset(out, 0, sizeof(*out));
    for (uint32_t i = 0; rc == LS_OK && i < n; i++)
        rc = fix_add(&f, v[i], err);
    if (rc == LS_OK)
        out->note = note_of(&f);
    if (rc == LS_OK)
        rc = make_parts(&f, v, n, out->note, &p, err);
    if (rc == LS_OK) {
        out->arena = f.arena;
        out->n_parts = (uint32_t)p.n;
        out->ups = p.ups;
        out->downs = p.downs;
        out->slugs = p.slugs;
        out->up_alone = p.up_alone;
        out->down_alone = p.down_alone;
        out->slug = part_slug(&f, 0, 1);
        out->up = join(&f, p.ups, p.n, false);
        out->down = join(&f, p.downs, p.n, true);
        out->no_transaction = any_alone(f.up.v, f.up.n) || any_alone(f.down.v, f.down.n);
        out->verify = verify_of(&f);
        list_names(&f, out);
    } else {
        ls_arena_free(f.arena);
        *out = (struct ls_fix_text){0};
    }
    LS_VEC_RELEASE(&f.up);
    LS_VEC_RELEASE(&f.down);
    LS_VEC_RELEASE(&f.taken);
    LS_VEC_RELEASE(&f.made);
    LS_VEC_RELEASE(&f.dropped);
    LS_VEC_RELEASE(&f.checks);
    LS_VEC_RELEASE(&f.slugs);
    return rc;
}

void ls_fix_text_release(struct ls_fix_text *t)
{
    ls_arena_free(t->arena);
    *t = (struct ls_fix_text){0};
}
