/* A plan as SQL for people. Names and values come from outside: in comments they pass ls_ui_text, so that none can end the comment. */
#include <config.h>

#include "lockstep/engine/plan.h"

#include <string.h>

#include "lockstep/base/text.h"
#include "lockstep/sql/lex.h"
#include "lockstep/sql/quote.h"

/* As SQL that gives such a value. A UUID is a literal, because a row that is written and then changed is found by it. */
static const struct {
    const char *word, *pg, *sqlite;
} runtime[] = {
    {LS_PARAM_NOW_MS, "(extract(epoch FROM clock_timestamp()) * 1000)::bigint", "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"},
    {LS_PARAM_STARTED_MS, "(extract(epoch FROM clock_timestamp()) * 1000)::bigint", "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"},
    {LS_PARAM_NOW_ISO, "clock_timestamp()", "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"},
    {LS_PARAM_STARTED_ISO, "clock_timestamp()", "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"},
    {LS_PARAM_NOW_SQL, "clock_timestamp()", "datetime('now')"},
};

static const char *runtime_sql(const char *word, enum ls_dialect d)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(runtime); i++)
        if (strcmp(word, runtime[i].word) == 0)
            return d == LS_DIALECT_POSTGRES ? runtime[i].pg : runtime[i].sqlite;
    return strcmp(word, LS_PARAM_ERROR) == 0 ? "NULL" : "0"; /* how long it takes: tools want a number there */
}

static void add_value(struct ls_buf *out, enum ls_dialect d, const struct ls_param *p, const char *uuid)
{
    if (p->kind == LS_PARAM_NULL || p->text == NULL)
        ls_buf_adds(out, "NULL");
    else if (p->kind == LS_PARAM_INT && strcmp(p->text, LS_PARAM_DURATION_MS) == 0)
        ls_buf_adds(out, runtime_sql(p->text, d));
    else if (p->kind == LS_PARAM_RUNTIME && strcmp(p->text, LS_PARAM_UUID4) == 0)
        ls_sql_literal(out, d, uuid);
    else if (p->kind == LS_PARAM_RUNTIME)
        ls_buf_adds(out, runtime_sql(p->text, d));
    else if (p->kind == LS_PARAM_BLOB)
        ls_buf_addf(out, d == LS_DIALECT_POSTGRES ? "'\\x%s'::bytea" : "x'%s'", p->text);
    else if (p->kind == LS_PARAM_TEXT)
        ls_sql_literal(out, d, p->text);
    else if (p->kind == LS_PARAM_BOOL && d == LS_DIALECT_SQLITE)
        ls_buf_adds(out, strcmp(p->text, "true") == 0 ? "1" : "0");
    else
        ls_buf_adds(out, p->text);
}

static void add_shell_word(struct ls_buf *out, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./=:@%+,";

    if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
        ls_buf_adds(out, word);
        return;
    }
    ls_buf_addc(out, '\'');
    for (; *word != '\0'; word++)
        ls_buf_adds(out, *word == '\'' ? "'\\''" : (const char[]){*word, '\0'});
    ls_buf_addc(out, '\'');
}

void ls_child_print(const struct ls_child_cmd *cmd, struct ls_buf *out)
{
    if (cmd->cwd != NULL) {
        ls_buf_adds(out, "cd ");
        add_shell_word(out, cmd->cwd);
        ls_buf_adds(out, " && ");
    }
    for (int i = 0; i < cmd->n_env; i++) {
        ls_buf_addf(out, "%s=", cmd->env[i].name);
        if (cmd->env[i].word == NULL)
            add_shell_word(out, cmd->env[i].text != NULL ? cmd->env[i].text : "");
        else
            ls_buf_addf(out, "%s<%s>", cmd->env[i].text != NULL ? cmd->env[i].text : "", cmd->env[i].word + 1);
        ls_buf_addc(out, ' ');
    }
    for (size_t i = 0; cmd->argv[i] != NULL; i++) {
        ls_buf_adds(out, i > 0 ? " " : "");
        add_shell_word(out, cmd->argv[i]);
    }
}

static void print_op(const struct ls_op *op, enum ls_dialect d, const char *uuid, struct ls_buf *out)
{
    struct ls_lex lx;
    struct ls_tok t;

    if (op->kind == LS_OP_BEGIN)
        ls_buf_adds(out, d == LS_DIALECT_SQLITE ? "BEGIN IMMEDIATE" : "BEGIN");
    if (op->kind == LS_OP_COMMIT)
        ls_buf_adds(out, "COMMIT");
    if (op->kind == LS_OP_CHILD)
        ls_child_print(op->child, out);
    if (op->sql == NULL)
        return;
    if (op->n_params == 0 || op->kind == LS_OP_FILE) {
        ls_buf_add(out, op->sql, op->len);
        return;
    }
    /* Only parameters as the lexer sees them: a table may be called "a$1". */
    ls_lex_init(&lx, d, op->sql, op->len);
    for (t = ls_lex_next(&lx); t.kind != LS_TOK_END; t = ls_lex_next(&lx)) {
        long n = t.kind == LS_TOK_PARAM ? strtol(op->sql + t.start + 1, NULL, 10) : 0;

        if (n >= 1 && n <= op->n_params)
            add_value(out, d, &op->params[n - 1], uuid);
        else
            ls_buf_add(out, op->sql + t.start, t.end - t.start);
    }
}

void ls_op_print_sql(const struct ls_op *op, enum ls_dialect d, struct ls_buf *out)
{
    print_op(op, d, "a new UUID", out);
}

static void add_comment(struct ls_buf *out, const char *label, const char *text)
{
    ls_buf_addf(out, "-- %s", label);
    ls_ui_text_line(out, text);
    ls_buf_addc(out, '\n');
}

/* The text untouched, but for a ';' behind the last statement where the file has none. */
static void add_batch(struct ls_buf *out, const struct ls_op *op)
{
    size_t end = op->n_pieces > 0 ? op->pieces[op->n_pieces - 1].end : op->len, next = end;

    while (next < op->len && strchr(" \t\r\n\f\v", op->sql[next]) != NULL)
        next++;
    ls_buf_add(out, op->sql, end);
    if (next >= op->len || op->sql[next] != ';')
        ls_buf_addc(out, ';');
    ls_buf_add(out, op->sql + end, op->len - end);
    if (op->len == 0 || op->sql[op->len - 1] != '\n')
        ls_buf_addc(out, '\n');
}

/* The ';' behind a statement, where it does not bring its own; on a line of its own where a comment would swallow it. */
static void end_statement(struct ls_buf *out, const struct ls_buf *sql, enum ls_dialect d)
{
    enum ls_tok_kind last = LS_TOK_END, last_word = LS_TOK_END;
    bool ends_line = sql->len > 0 && sql->ptr[sql->len - 1] == '\n';
    struct ls_lex lx;

    ls_lex_init(&lx, d, sql->ptr, sql->len);
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END; t = ls_lex_next(&lx)) {
        last = t.kind;
        if (t.kind != LS_TOK_SPACE && t.kind != LS_TOK_COMMENT)
            last_word = t.kind;
    }
    if (last_word != LS_TOK_SEMICOLON && last_word != LS_TOK_END)
        ls_buf_adds(out, last == LS_TOK_COMMENT && !ends_line ? "\n;\n" : ";\n");
    else if (!ends_line)
        ls_buf_addc(out, '\n');
}

static void add_op(struct ls_buf *out, const struct ls_op *op, enum ls_dialect d, const char *uuid)
{
    struct ls_buf sql = LS_BUF_INIT;

    if (op->kind == LS_OP_JOURNAL)
        return;
    if (op->kind == LS_OP_FILE) {
        ls_buf_addf(out, "%s\n", op->sql); /* comments */
        return;
    }
    if (op->kind == LS_OP_BATCH) {
        if (d == LS_DIALECT_POSTGRES && op->n_pieces > 1)
            ls_buf_adds(out, "-- sent as one query:\n");
        add_batch(out, op);
        return;
    }
    print_op(op, d, uuid, &sql);
    if (op->kind == LS_OP_EXPECT) {
        add_comment(out, "stops unless this is true: ", sql.ptr);
    } else {
        ls_buf_add(out, sql.ptr, sql.len);
        end_statement(out, &sql, d);
    }
    ls_buf_release(&sql);
}

/* No SQL: what the tool runs is its own business, and known when it has run. */
static void add_delegated(struct ls_buf *out, const struct ls_step *s, enum ls_dialect d)
{
    const char *word = "stops unless this is true before it: ";

    for (size_t i = 0; i < s->ops.n; i++) {
        const struct ls_op *op = &s->ops.v[i];
        struct ls_buf text = LS_BUF_INIT;

        if (op->kind == LS_OP_CHILD)
            word = "and this behind it: ";
        print_op(op, d, "", &text);
        if (op->kind == LS_OP_CHILD || op->kind == LS_OP_EXPECT)
            add_comment(out, op->kind == LS_OP_CHILD ? "runs: " : word, text.ptr);
        ls_buf_release(&text);
    }
}

static void add_step(struct ls_buf *out, const struct ls_plan *p, int at, enum ls_dialect d)
{
    const struct ls_step *s = &p->steps.v[at];
    struct ls_buf title = LS_BUF_INIT;
    char uuid[48];

    /* No random one: the same plan prints the same text. */
    snprintf(uuid, sizeof(uuid), "%.8s-%.4s-4%.3s-8%.3s-%012d", p->digest, p->digest + 8, p->digest + 12, p->digest + 15, at + 1);

    ls_buf_addf(&title, "%s %s (%s)%s%s", s->label, s->name, s->kind == LS_STEP_RECORD ? "ledger only" : s->direction == LS_UP ? "up" : "down",
                s->path != NULL ? ": " : "", s->path != NULL ? s->path : "");
    ls_buf_addc(out, '\n');
    add_comment(out, "", title.ptr);
    if (s->tx_first < s->tx_last && at == s->tx_first) {
        struct ls_buf note = LS_BUF_INIT;

        ls_buf_addf(&note, "one transaction holds this one and the %d behind it: a failure in any of them leaves nothing of all", s->tx_last - s->tx_first);
        add_comment(out, "", note.ptr);
        ls_buf_release(&note);
    }
    if (s->tx_note != NULL && s->tx_note[0] != '\0')
        add_comment(out, "", s->tx_note);
    if (ls_step_child(s) != NULL)
        add_delegated(out, s, d);
    else
        for (size_t i = 0; i < s->ops.n; i++)
            add_op(out, &s->ops.v[i], d, uuid);
    for (size_t i = 0; i < s->on_failure.n; i++) {
        struct ls_buf sql = LS_BUF_INIT;

        print_op(&s->on_failure.v[i], d, uuid, &sql);
        add_comment(out, "if it fails: ", sql.ptr);
        ls_buf_release(&sql);
    }
    ls_buf_release(&title);
}

void ls_plan_print_sql(const struct ls_plan *p, enum ls_dialect d, struct ls_buf *out)
{
    struct ls_buf title = LS_BUF_INIT;

    ls_buf_addf(&title, "%s, %zu step%s, %s, %s", ls_action_name(p->action), p->steps.n, p->steps.n == 1 ? "" : "s", p->target, p->format);
    add_comment(out, "", title.ptr);
    ls_buf_release(&title);
    if (p->steps.n == 0)
        ls_buf_adds(out, "-- nothing to do\n");
    if (p->setup.n > 0) {
        ls_buf_addc(out, '\n');
        add_comment(out, "the ledger is not there yet: ", p->ledger);
    }
    for (size_t i = 0; i < p->setup.n; i++)
        add_op(out, &p->setup.v[i], d, "");
    for (size_t i = 0; i < p->steps.n; i++)
        add_step(out, p, (int)i, d);
}
