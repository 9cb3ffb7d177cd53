#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tui/scene.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "tui/jobs.h"

#define WAIT_MS 60000

const struct scene_row scene_history[] = {
    {"001", "create_users", "applied", "2026-11-20T09:00:00.000Z", "anna", 12, false, false},
    {"002", "create_orders", "applied", "2026-11-20T09:00:01.000Z", "anna", 340, false, false},
    {"003", "add_email", "applied", "2026-11-21T10:30:00.000Z", "anna", 7, true, false},
    {"004", "index_orders", NULL, NULL, NULL, -1, false, false},
    {"005", "gone_from_the_folder", "applied", "2026-11-22T08:15:00.000Z", "ben", 65000, false, true},
    {"006", "add_ünïcode_名前", "applied", "2026-11-23T11:00:00.000Z", "ben", 3, false, false},
    {"007", "split_names", "rolled_back", "2026-11-24T12:00:00.000Z", "anna", 20, false, false},
    {"008", "hostile\033[2J\nname", NULL, NULL, NULL, -1, false, false},
    {"009", "drop_legacy_columns_of_the_first_release_of_this_product", NULL, NULL, NULL, -1, false, false},
};
const size_t scene_history_n = LS_ARRAY_LEN(scene_history);

static const char *no_env(const char *name)
{
    (void)name;
    return NULL;
}

void scene_open(struct scene *s, int w, int h, bool ascii)
{
    memset(s, 0, sizeof(*s));
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    s->request.getenv_fn = no_env;
    s->params.request = &s->request;
    app_init(&s->app, &s->params, ascii);
    app_resize(&s->app, w, h);
    app_layout(&s->app);
}

void scene_close(struct scene *s)
{
    struct mailbox *mail = s->app.mail;

    if (mail)
        scene_settle(s);
    task_worker_free(s->app.writer);
    app_release(&s->app);
    mailbox_free(mail);
    for (int i = 0; i < 2 && mail; i++)
        close(s->wake[i]);
}

/* --- work --------------------------------------------------------------------------------------------------------- */

struct scene_hold {
    struct task task; /* first */
    int go[2]; /* a pipe: closed at one end, it is over at the other */
};

static void hold_run(struct task *t)
{
    char byte;

    while (read(((struct scene_hold *)t)->go[0], &byte, 1) < 0 && errno == EINTR)
        ;
}

static void hold_done(struct task *t, bool stale)
{
    (void)stale;
    close(((struct scene_hold *)t)->go[0]);
    free(t);
}

void scene_work(struct scene *s, bool held)
{
    if (!s->app.mail) {
        assert_int_equal(pipe2(s->wake, O_NONBLOCK | O_CLOEXEC), 0);
        s->app.mail = mailbox_new(s->wake[1]);
        s->app.writer = task_worker_new(s->app.mail);
    }
    if (!held)
        return;
    s->hold = ls_calloc(1, sizeof(*s->hold));
    s->hold->task.run = hold_run;
    s->hold->task.done = hold_done;
    assert_int_equal(pipe2(s->hold->go, O_CLOEXEC), 0);
    task_worker_post(s->app.writer, &s->hold->task);
}

void scene_settle(struct scene *s)
{
    struct pollfd p = {.fd = s->wake[0], .events = POLLIN};
    char bytes[64];

    if (s->hold)
        close(s->hold->go[1]);
    s->hold = NULL;
    while (task_worker_is_busy(s->app.writer)) {
        assert_int_equal(poll(&p, 1, WAIT_MS), 1);
        while (read(s->wake[0], bytes, sizeof(bytes)) > 0)
            ;
        (void)mailbox_drain(s->app.mail, 0);
    }
}

static void press(struct scene *s, ui_key k)
{
    struct ui_event ev = {.kind = UI_EV_KEY, .key = k};

    app_event(&s->app, &ev);
}

void scene_keys(struct scene *s, const char *keys)
{
    char *copy = ls_strdup(keys), *p = copy;

    while (*p) {
        size_t n;

        p += strspn(p, " ");
        if (*p == '\'') {
            for (p++; *p && *p != '\''; p++)
                press(s, (ui_key)(unsigned char)*p);
            p += *p == '\'';
            continue;
        }
        n = strcspn(p, " ");
        if (n == 0)
            break;
        char end = p[n];
        p[n] = '\0';
        ui_key k = ui_key_parse(p);
        if (k == UI_KEY_NONE)
            fail_msg("'%s' is no key", p);
        press(s, k);
        p += n;
        if (end)
            p++;
    }
    free(copy);
}

void scene_paste(struct scene *s, const char *text)
{
    struct ui_event ev = {.kind = UI_EV_PASTE, .text = text, .text_len = strlen(text)};

    app_event(&s->app, &ev);
}

void scene_click(struct scene *s, int x, int y)
{
    struct ui_event ev = {.kind = UI_EV_MOUSE, .mouse = UI_MOUSE_CLICK, .x = x, .y = y};

    app_event(&s->app, &ev);
}

static void draw(struct scene *s, struct ls_buf *out)
{
    struct ui_grid g;
    int x, y;

    app_layout(&s->app);
    ui_grid_init(&g, s->app.w, s->app.h, s->app.is_ascii);
    app_draw(&s->app, &g, &x, &y);
    ui_grid_dump(&g, out);
    if (x >= 0)
        ls_buf_addf(out, "cursor %d,%d\n", x, y);
    ui_grid_release(&g);
}

bool scene_shows(struct scene *s, const char *text)
{
    struct ls_buf b = LS_BUF_INIT;
    bool has;

    draw(s, &b);
    has = strstr(b.ptr, text) != NULL;
    ls_buf_release(&b);
    return has;
}

static void fail_with_difference(const char *path, const char *want, const char *got)
{
    int line = 1;

    while (*want && *got) {
        size_t a = strcspn(want, "\n"), b = strcspn(got, "\n");

        if (a != b || memcmp(want, got, a) != 0)
            fail_msg("%s:%d\n  want %.*s\n  got  %.*s\n(LS_TEST_GOLDEN_WRITE=1 writes the new screen)", path, line, (int)a, want,
                     (int)b, got);
        want += a + (want[a] == '\n');
        got += b + (got[b] == '\n');
        line++;
    }
    fail_msg("%s:%d: one of the two ends", path, line);
}

void golden(struct scene *s, const char *name)
{
    const char *src = getenv("LS_SRCDIR");
    char *path = ls_asprintf("%s/tests/tui/golden/%s.txt", src ? src : ".", name);
    struct ls_buf got = LS_BUF_INIT, want = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;

    draw(s, &got);
    if (getenv("LS_TEST_GOLDEN_WRITE")) {
        if (ls_file_write_atomic(path, got.ptr, got.len, 0644, &err) != LS_OK)
            fail_msg("%s", err.message);
    } else if (ls_file_read(path, 0, 0, &want, &err) != LS_OK) {
        fail_msg("%s", err.message);
    } else if (strcmp(want.ptr, got.ptr) != 0) {
        fail_with_difference(path, want.ptr, got.ptr);
    }
    ls_buf_release(&got);
    ls_buf_release(&want);
    free(path);
}

/* --- data --------------------------------------------------------------------------------------------------------- */

static void add_migration(struct ls_migrations *m, const struct scene_row *r)
{
    struct ls_migration *x = LS_VEC_PUSH(&m->m);
    struct ls_arena *a = m->arena;

    x->id = x->label = r->label;
    x->version = strtoull(r->label, NULL, 10);
    x->name = r->name;
    x->up.path = ls_arena_printf(a, "migrations/%s_%s.up.sql", r->label, r->name);
    x->down.path = ls_arena_printf(a, "migrations/%s_%s.down.sql", r->label, r->name);
    memset(x->up.sha256, r->is_modified ? 'b' : 'a', sizeof(x->up.sha256) - 1);
}

static void add_row(struct ls_ledger *l, const struct scene_row *r)
{
    static const char sum[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    struct ls_ledger_row *x = LS_VEC_PUSH(&l->rows);

    x->id = r->label;
    x->version = strtoull(r->label, NULL, 10);
    x->state = strcmp(r->status, "applied") == 0       ? LS_ROW_APPLIED
               : strcmp(r->status, "rolled_back") == 0 ? LS_ROW_ROLLED_BACK
                                                       : LS_ROW_FAILED;
    x->raw_status = r->status;
    x->name = r->name;
    x->applied_at = r->applied_at;
    x->applied_by = r->applied_by;
    x->duration_ms = r->duration_ms;
    x->checksum = sum;
    l->dirty = l->dirty || x->state == LS_ROW_FAILED;
}

struct snapref *scene_snapshot(const struct ls_format *format, const struct scene_row *rows, size_t n)
{
    struct ls_snapshot *s = ls_calloc(1, sizeof(*s));

    s->format = format;
    s->has_db = true;
    s->migrations.arena = ls_arena_new();
    s->migrations.dir = "migrations";
    s->ledger.arena = ls_arena_new();
    s->ledger.exists = s->ledger.is_writable = true;
    s->ledger.location = "public.schema_migrations";
    s->ledger.schema = "public";
    for (size_t i = 0; i < n; i++) {
        if (!rows[i].has_no_file)
            add_migration(&s->migrations, &rows[i]);
        if (rows[i].status)
            add_row(&s->ledger, &rows[i]);
    }
    ls_timeline_build(&s->migrations, &s->ledger, format->rules, &s->timeline);
    s->info_arena = ls_arena_new();
    s->info = (struct ls_db_info){.dialect = LS_DIALECT_POSTGRES,
                                  .database = "app",
                                  .host = "db.example:5432",
                                  .server = "PostgreSQL 15.20",
                                  .server_version = 150020,
                                  .role = "deploy",
                                  .security = "TLS verified",
                                  .system_id = "",
                                  .journal_mode = ""};
    return snapref_new(s);
}

void scene_connect(struct scene *s, struct snapref *snap, bool protected_)
{
    struct app *a = &s->app;

    free(a->env);
    free(a->label);
    a->env = ls_strdup(protected_ ? "production" : "dev");
    a->label = ls_strdup("postgres app at db.example:5432");
    a->target.params.is_protected = protected_;
    a->target.params.journal = true;
    a->target.params.migrations_dir = "migrations";
    a->target.params.backup_dir = "backups";
    a->is_armed = !protected_;
    a->phase = APP_READY;
    app_set_snapshot(a, snap);
    app_layout(a);
}

/* --- plan --------------------------------------------------------------------------------------------------------- */

static void add_op(struct ls_step *st, enum ls_op_kind kind, const char *sql, int stmt_no, int line)
{
    struct ls_op *op = LS_VEC_PUSH(&st->ops);

    op->kind = kind;
    op->sql = sql;
    op->len = sql ? strlen(sql) : 0;
    op->expect_rows = -1;
    op->stmt_no = stmt_no;
    op->line = line;
    op->col = line ? 1 : 0;
    op->is_destructive = sql && strncmp(sql, "ALTER TABLE users DROP", 22) == 0;
}

static void add_step(struct ls_plan *p, uint64_t version, const char *label, const char *name, bool is_destructive,
                     const char *const *sql, int n)
{
    struct ls_step *st = LS_VEC_PUSH(&p->steps);

    st->kind = LS_STEP_MIGRATE;
    st->direction = LS_UP;
    st->version = version;
    st->id = st->label = label;
    st->name = name;
    st->path = ls_arena_printf(p->arena, "migrations/%s_%s.up.sql", label, name);
    st->policy = LS_POLICY_TX;
    st->tx_note = "One transaction holds the statements and the ledger row: a failure leaves nothing.";
    st->n_statements = n;
    st->is_destructive = is_destructive;
    add_op(st, LS_OP_BEGIN, NULL, 0, 0);
    for (int i = 0; i < n; i++)
        add_op(st, LS_OP_STATEMENT, sql[i], i + 1, 1 + 2 * i);
    add_op(st, LS_OP_LEDGER, ls_arena_printf(p->arena, "INSERT INTO schema_migrations (version) VALUES (%d)", (int)version), 0, 0);
    add_op(st, LS_OP_JOURNAL, NULL, 0, 0);
    add_op(st, LS_OP_COMMIT, NULL, 0, 0);
}

struct planref *scene_plan(bool destroys)
{
    static const char *const first[] = {"CREATE INDEX orders_user\n    ON orders (user_id)", "ANALYZE orders"};
    static const char *const second[] = {"ALTER TABLE users DROP COLUMN fax"};
    struct ls_plan *p = ls_plan_new();

    p->action = LS_ACTION_UP;
    p->count = 2;
    p->format = "lockstep";
    p->target = "postgres app at db.example:5432";
    p->ledger = "public.schema_migrations";
    add_step(p, 4, "004", "index_orders", false, first, 2);
    add_step(p, 9, "009", "drop_fax", destroys, second, 1);
    p->is_destructive = destroys;
    if (destroys) {
        *LS_VEC_PUSH(&p->findings) =
            (struct ls_finding){.rule = "D02",
                                .name = "drop-column",
                                .severity = LS_SEV_DANGER,
                                .step = 1,
                                .stmt_no = 1,
                                .path = p->steps.v[1].path,
                                .line = 1,
                                .object = "users.fax",
                                .why = "The column's values are lost, with its indexes and constraints.",
                                .safer = "Back up first; stop using the column in the code, then drop it."};
    }
    memset(p->digest, 'd', sizeof(p->digest) - 1);
    return planref_new(p);
}
