/* What an operator should know before a plan runs, as far as text tells. One table says the rule; ids follow safety.md 1 (M: of ours, about the ledger).
 * Rules about locks and scans stay silent on tables that the same plan creates: nobody uses those yet. */
#include <config.h>

#include "engine/plan_priv.h"

#include <string.h>

#include "lockstep/sql/facts.h"
#include "lockstep/sql/lex.h"

/* Larger statements are data; parsing them would cost more than it tells. */
#define MAX_FACT_BYTES ((size_t)1024 * 1024)

/* Bytes of an INSERT with VALUES that is no load of data. */
#define MAX_BRIEF ((size_t)8 * 1024)

#define ON_PG     1u
#define ON_SQLITE 2u
#define ON_BOTH   3u

struct rule {
    unsigned flag;       /* LS_FACT_* that calls it */
    unsigned without;    /* flags that excuse it */
    const char *verb;    /* or NULL: only for this verb */
    const char *id, *name;
    enum ls_severity severity;
    unsigned on;
    bool silent_on_new;
    const char *why, *safer;
};

static const struct rule rules[] = {
    {LS_FACT_DROPS_TABLE, 0, NULL, "D01", "drop-table", LS_SEV_DANGER, ON_BOTH, true,
     "Every row of the table is lost, and what refers to it breaks.", "Back up first; rename the table and drop it in a later migration."},
    {LS_FACT_DROPS_COLUMN, 0, NULL, "D02", "drop-column", LS_SEV_DANGER, ON_BOTH, true,
     "The column's values are lost, with its indexes and constraints.", "Back up first; stop using the column in the code, then drop it."},
    {LS_FACT_DROPS_SCHEMA, 0, NULL, "D03", "drop-schema", LS_SEV_DANGER, ON_BOTH, false, "Everything in it is lost.", "Back up first."},
    {LS_FACT_TRUNCATES, 0, NULL, "D04", "truncate", LS_SEV_DANGER, ON_BOTH, true, "Every row is lost, under a lock that stops readers too.",
     "Back up first; delete in batches, or rename the table and make a new one."},
    {LS_FACT_CASCADES, 0, NULL, "D05", "cascade", LS_SEV_DANGER, ON_BOTH, false,
     "CASCADE also drops what depends on it, and does not say beforehand what that is.", "Drop the dependent objects by name."},
    {LS_FACT_DML_NO_WHERE, 0, "DELETE", "D06", "delete-all", LS_SEV_DANGER, ON_BOTH, true, "Every row of the table is lost.",
     "Back up first; add a WHERE, and delete in batches."},
    {LS_FACT_DML_NO_WHERE, 0, NULL, "D06", "dml-without-where", LS_SEV_WARNING, ON_BOTH, true, "It touches every row of the table.",
     "Add a WHERE; change many rows in batches."},
    {LS_FACT_SET_NOT_NULL, 0, NULL, "S01", "set-not-null", LS_SEV_WARNING, ON_PG, true,
     "The whole table is read under a lock that stops readers and writers.",
     "Add CHECK (column IS NOT NULL) NOT VALID, VALIDATE it in another migration, then SET NOT NULL and drop the check."},
    {LS_FACT_ADD_CONSTRAINT_VALID, 0, NULL, "S02", "constraint-valid", LS_SEV_WARNING, ON_PG, true,
     "Every row is checked while writes are stopped; a foreign key stops them on both tables.",
     "Add the constraint NOT VALID and VALIDATE it in another migration."},
    {LS_FACT_CREATE_INDEX, LS_FACT_CONCURRENTLY, NULL, "S10", "create-index", LS_SEV_WARNING, ON_PG, true,
     "Writes to the table are stopped until the index is built.", "CREATE INDEX CONCURRENTLY, in a migration without a transaction."},
    {LS_FACT_DROPS_OTHER, LS_FACT_CONCURRENTLY, "DROP INDEX", "L01", "drop-index", LS_SEV_INFO, ON_PG, false,
     "It needs a lock that stops readers, and waits behind long queries with everyone else behind it.", "DROP INDEX CONCURRENTLY."},
    {LS_FACT_ALTER_TYPE, 0, NULL, "R04", "column-type", LS_SEV_WARNING, ON_PG, true,
     "Unless the old type can be read as the new one, the table and its indexes are written anew under a lock that stops readers and writers.",
     "Add a new column, fill it in batches, and swap."},
    {LS_FACT_RENAMES, 0, NULL, "C01", "rename", LS_SEV_WARNING, ON_BOTH, true, "Code that uses the old name breaks at once.",
     "Add the new name beside the old one, move the code, then drop the old one."},
    {LS_FACT_ADD_COLUMN_NOT_NULL, 0, NULL, "C05", "required-column", LS_SEV_WARNING, ON_BOTH, true,
     "It fails when the table has rows, and breaks inserts of code that does not know the column.", "Give it a default, or let it be NULL."},
    {LS_FACT_CONCURRENTLY, 0, "CREATE INDEX", "T05", "invalid-leftover", LS_SEV_WARNING, ON_PG, false,
     "IF NOT EXISTS takes an invalid index that an earlier failure left for done.", "DROP INDEX CONCURRENTLY IF EXISTS first."},
    {LS_FACT_OPAQUE, 0, NULL, "T07", "opaque", LS_SEV_INFO, ON_BOTH, false, "What it does cannot be read from its text.", NULL},
    {LS_FACT_SESSION_SET, 0, NULL, "T09", "session-set", LS_SEV_WARNING, ON_BOTH, false,
     "The setting stays for the migrations that follow in the same run.", "SET LOCAL, or set it back at the end."},
    {LS_FACT_ADD_ENUM_VALUE, 0, NULL, "V03", "irreversible", LS_SEV_INFO, ON_PG, false, "A value of an enum cannot be taken out again.", NULL},
};

struct finder {
    struct ls_plan *plan;
    const struct ls_snapshot *snap;
    enum ls_dialect dialect;
    LS_VEC(char *) made; /* names of tables that the plan creates, folded */
};

/* --- tables of this plan ---------------------------------------------------------------------------------------------------------------- */

/* The last part of a possibly qualified and quoted name, in lower case: good enough to recognise a table within one plan. */
static char *fold(const char *name)
{
    struct ls_buf out = LS_BUF_INIT;

    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '.')
            ls_buf_clear(&out);
        else if (*p != '"' && *p != '`' && *p != '[' && *p != ']')
            ls_buf_addc(&out, *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p);
    }
    return ls_buf_detach(&out);
}

static bool is_made(const struct finder *f, const char *name)
{
    char *folded = fold(name);
    bool found = false;

    for (size_t i = 0; !found && i < f->made.n; i++)
        found = strcmp(f->made.v[i], folded) == 0;
    free(folded);
    return found;
}

/* CREATE INDEX name ON table: the table, which facts do not tell. Caller frees. */
static char *table_behind_on(enum ls_dialect d, const char *sql, size_t len)
{
    struct ls_buf out = LS_BUF_INIT;
    struct ls_lex lx;
    bool is_behind = false;

    ls_lex_init(&lx, d, sql, len);
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END && t.kind != LS_TOK_ERROR; t = ls_lex_next(&lx)) {
        bool is_space = t.kind == LS_TOK_SPACE || t.kind == LS_TOK_COMMENT;
        bool is_name = t.kind == LS_TOK_WORD || t.kind == LS_TOK_KEYWORD || t.kind == LS_TOK_QUOTED || t.kind == LS_TOK_COMMA_DOT;

        if (!is_behind) {
            is_behind = ls_tok_is(&lx, &t, "ON");
        } else if (is_space || ls_tok_is(&lx, &t, "ONLY")) {
            if (out.len > 0)
                break;
        } else if (is_name) {
            ls_buf_add(&out, sql + t.start, t.end - t.start);
        } else {
            break;
        }
    }
    return ls_buf_detach(&out);
}

/* --- adding ----------------------------------------------------------------------------------------------------------------------------- */

static struct ls_finding *add(struct finder *f, int step, const char *id, const char *name, enum ls_severity severity, const char *why,
                              const char *safer)
{
    struct ls_finding *x = LS_VEC_PUSH(&f->plan->findings);

    *x = (struct ls_finding){.rule = id, .name = name, .severity = severity, .step = step, .why = why, .safer = safer};
    if (step < 0)
        return x;
    x->path = f->plan->steps.v[step].path;
    if (x->path == NULL) /* where there is no file, the version says where to look */
        x->object = f->plan->steps.v[step].label;
    return x;
}

/* A DELETE that names no rows loses what a TRUNCATE would. */
static bool deletes_all(const struct ls_facts *facts)
{
    return (facts->flags & LS_FACT_DML_NO_WHERE) != 0 && strcmp(facts->verb, "DELETE") == 0;
}

static bool applies(const struct finder *f, const struct rule *r, const struct ls_facts *facts, bool is_on_new)
{
    unsigned here = f->dialect == LS_DIALECT_POSTGRES ? ON_PG : ON_SQLITE;

    if ((r->flag & facts->flags) == 0 || (r->without & facts->flags) != 0 || (r->on & here) == 0)
        return false;
    if (r->verb != NULL && strncmp(facts->verb, r->verb, strlen(r->verb)) != 0)
        return false;
    if (r->verb == NULL && strcmp(r->id, "D06") == 0 && deletes_all(facts))
        return false;
    if (strcmp(r->id, "T05") == 0 && (facts->flags & LS_FACT_IF_NOT_EXISTS) == 0)
        return false;
    return !(r->silent_on_new && is_on_new);
}

static bool has_word(enum ls_dialect d, const char *sql, size_t len, const char *word)
{
    struct ls_lex lx;

    ls_lex_init(&lx, d, sql, len);
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END && t.kind != LS_TOK_ERROR; t = ls_lex_next(&lx))
        if (ls_tok_is(&lx, &t, word))
            return true;
    return false;
}

/* Whoever asks for the old value keeps it, to put it back: set_config('x', current_setting('y'), false). */
static bool keeps_old(enum ls_dialect d, const char *sql, size_t len)
{
    return d == LS_DIALECT_POSTGRES && has_word(d, sql, len, "SET_CONFIG") && has_word(d, sql, len, "CURRENT_SETTING");
}

/* What is not named here may take its time: it reads a table, or calls what nobody knows. */
static bool is_brief(enum ls_dialect d, const struct ls_facts *facts, bool is_on_new, const char *sql, size_t len)
{
    static const char *const verbs[] = {"CREATE TYPE",     "CREATE SCHEMA",  "CREATE SEQUENCE", "CREATE VIEW", "CREATE FUNCTION", "CREATE TRIGGER",
                                        "CREATE EXTENSION", "CREATE DOMAIN", "COMMENT",         "GRANT",       "DROP"};
    bool is_named = false;

    if (strcmp(facts->verb, "CREATE TABLE") == 0 || strcmp(facts->verb, "INSERT") == 0)
        return len <= MAX_BRIEF && !has_word(d, sql, len, "SELECT");
    if (strcmp(facts->verb, "ALTER TABLE") == 0 || (facts->flags & LS_FACT_CREATE_INDEX) != 0)
        return is_on_new;
    for (size_t i = 0; i < LS_ARRAY_LEN(verbs); i++)
        is_named = is_named || strncmp(facts->verb, verbs[i], strlen(verbs[i])) == 0;
    return is_named;
}

static void judge_facts(struct finder *f, int step, struct ls_op *op, const struct ls_stmt *at, int stmt_no, const char *sql, size_t len)
{
    struct ls_facts facts;
    char *table = NULL;
    bool is_on_new;

    ls_sql_facts(f->dialect, sql, len, &facts);
    if ((facts.flags & LS_FACT_CREATE_INDEX) != 0)
        table = table_behind_on(f->dialect, sql, len);
    is_on_new = is_made(f, table != NULL ? table : facts.object.ptr);
    for (size_t i = 0; facts.flags != 0 && i < LS_ARRAY_LEN(rules); i++) {
        struct ls_finding *x;

        if (!applies(f, &rules[i], &facts, is_on_new) || (strcmp(rules[i].id, "T09") == 0 && keeps_old(f->dialect, sql, len)))
            continue;
        x = add(f, step, rules[i].id, rules[i].name, rules[i].severity, rules[i].why, rules[i].safer);
        x->stmt_no = stmt_no;
        x->line = at->line;
        if (facts.object.len > 0)
            x->object = ls_arena_strn(f->plan->arena, facts.object.ptr, facts.object.len);
    }
    op->is_brief = is_brief(f->dialect, &facts, is_on_new, sql, len);
    if (((facts.flags & LS_FACT_DESTRUCTIVE) != 0 || deletes_all(&facts)) && !is_on_new)
        op->is_destructive = f->plan->steps.v[step].is_destructive = f->plan->is_destructive = true;
    if ((facts.flags & LS_FACT_CREATES_TABLE) != 0)
        *LS_VEC_PUSH(&f->made) = fold(facts.object.ptr);
    free(table);
    ls_facts_release(&facts);
}

static void judge_class(struct finder *f, int step, const struct ls_stmt *at, int stmt_no, const char *sql, size_t len)
{
    const struct ls_step *s = &f->plan->steps.v[step];
    struct ls_finding *x = NULL;

    if (at->tx == LS_TX_CONTROLS && s->policy != LS_POLICY_NO_TX)
        x = add(f, step, "T03", "tx-control", LS_SEV_DANGER,
                "It ends or begins a transaction in the middle of the file: what came before it stays even if the rest fails.", "Take it out.");
    else if (f->dialect == LS_DIALECT_SQLITE && s->policy != LS_POLICY_NO_TX && ls_sql_is_outer_pragma(sql, len))
        x = add(f, step, "Y02", "pragma-in-tx", LS_SEV_DANGER,
                "SQLite ignores or refuses this pragma inside the transaction that the tool puts around the file.",
                "Set it outside of the migration.");
    if (x == NULL)
        return;
    x->stmt_no = stmt_no;
    x->line = at->line;
}

static void judge_op(struct finder *f, int step, struct ls_op *op)
{
    int n = op->kind == LS_OP_BATCH ? op->n_pieces : 1;

    for (int i = 0; i < n; i++) {
        size_t start = op->kind == LS_OP_BATCH ? op->pieces[i].start : 0, end = op->kind == LS_OP_BATCH ? op->pieces[i].end : op->len;
        struct ls_stmt at = {.line = op->kind == LS_OP_BATCH ? op->pieces[i].line : op->line};

        at.tx = ls_sql_tx_class(f->dialect, op->sql + start, end - start);
        judge_class(f, step, &at, op->stmt_no + i, op->sql + start, end - start);
        if (end - start <= MAX_FACT_BYTES)
            judge_facts(f, step, op, &at, op->stmt_no + i, op->sql + start, end - start);
    }
}

/* --- about a step as a whole ------------------------------------------------------------------------------------------------------------- */

static void judge_mixed(struct finder *f, int step)
{
    const struct ls_step *s = &f->plan->steps.v[step];
    size_t n_forbids = 0, n = 0;

    for (size_t i = 0; s->policy == LS_POLICY_NO_TX && i < s->ops.n; i++) {
        /* A setting that is put back leaves nothing. */
        if (s->ops.v[i].kind != LS_OP_STATEMENT || keeps_old(f->dialect, s->ops.v[i].sql, s->ops.v[i].len))
            continue;
        n++;
        n_forbids += ls_sql_tx_class(f->dialect, s->ops.v[i].sql, s->ops.v[i].len) == LS_TX_FORBIDS;
    }
    if (n > 1 && n_forbids > 0)
        add(f, step, "T02", "mixed", LS_SEV_WARNING, "Without a transaction a failure leaves the statements before it done, and the version dirty.",
            "Give each statement that cannot run in a transaction a migration of its own.");
}

static void judge_files(struct finder *f, int step)
{
    const struct ls_step *s = &f->plan->steps.v[step];

    if (s->path == NULL && s->direction == LS_UP)
        add(f, step, "M04", "missing-up", LS_SEV_WARNING, "There is no up file: the tool runs nothing and counts the version as applied.",
            "Write the up file.");
    else if (s->path == NULL)
        add(f, step, "V01", "missing-down", LS_SEV_DANGER, "There is no down file: the tool takes nothing back and counts the version as not applied.",
            "Write the down file.");
    else if (s->is_half && s->direction == LS_UP)
        add(f, step, "V01", "missing-down", LS_SEV_WARNING, "There is no down file: this cannot be taken back.", "Write the down file.");
    else if (s->is_half)
        add(f, step, "M05", "down-without-up", LS_SEV_WARNING,
            "There is no up file: the tool ran nothing when it counted the version as applied, and what the down file takes back may not be there.",
            "If nothing else has made its changes, mark the version pending instead.");
}

static void judge_state(struct finder *f, int step)
{
    const struct ls_step *s = &f->plan->steps.v[step];
    const struct ls_timeline *t = &f->snap->timeline;
    long i = ls_timeline_find_id(t, s->id);
    enum ls_state state = i >= 0 ? t->e.v[i].state : LS_STATE_PENDING;

    /* One that was taken back while newer ones stayed is as late as one that never ran. */
    if (s->direction == LS_UP && i >= 0 && i < t->newest_applied && (state == LS_STATE_OUT_OF_ORDER || state == LS_STATE_ROLLED_BACK))
        add(f, step, "M01", "out-of-order", LS_SEV_WARNING, "Newer migrations were applied before it: it runs in an order that nobody tried.",
            "Give it a new number if it has not run anywhere yet.");
    if (state == LS_STATE_MODIFIED && s->direction == LS_DOWN)
        add(f, step, "M02", "modified", LS_SEV_WARNING, "The up file was changed after it was applied: the down file may not fit what is there.",
            "Compare the two before you go on.");
}

/* golang-migrate's cursor is moved past other versions by a mark: they change their state without a row of their own. */
static void judge_cursor(struct finder *f, int step)
{
    const struct ls_step *s = &f->plan->steps.v[step];
    const struct ls_ledger *l = &f->snap->ledger;
    struct ls_finding *x;
    size_t n = 0;

    if (l->shape != LS_LEDGER_CURSOR || s->kind != LS_STEP_RECORD)
        return;
    for (size_t i = 0; i < f->snap->timeline.e.n; i++) {
        const struct ls_entry *e = &f->snap->timeline.e.v[i];
        bool was = e->state == LS_STATE_APPLIED, will = s->direction == LS_UP && strcmp(s->id, "-1") != 0 ? e->version <= s->version : e->version < s->version;

        n += e->migration != NULL && e->version != s->version && was != will && e->state != LS_STATE_DIRTY;
    }
    if (n == 0)
        return;
    x = add(f, step, "M03", "cursor-moves", LS_SEV_WARNING, NULL, "Mark a version next to the cursor, unless you know that this is true.");
    x->why = ls_arena_printf(f->plan->arena,
                             "The ledger is one cursor: moving it also changes what %zu other version%s counted as, without running anything.", n,
                             n == 1 ? " is" : "s are");
}

/* Once for the whole plan: the same is true of every step. */
static void judge_child(struct finder *f)
{
    const struct ls_child_cmd *cmd = NULL;

    for (size_t i = 0; cmd == NULL && i < f->plan->steps.n; i++)
        cmd = ls_step_child(&f->plan->steps.v[i]);
    if (cmd == NULL)
        return;
    add(f, -1, "T07", "opaque", LS_SEV_INFO, ls_arena_printf(f->plan->arena, "%s runs them: what they do cannot be read beforehand.", cmd->tool),
        cmd->preview_argv != NULL ? "`lockstep plan --run-tool` asks it for the SQL, which runs the project's code." : NULL);
    if (cmd->doubt != NULL)
        add(f, -1, "M06", "unknown-target", LS_SEV_DANGER, cmd->doubt, "Make its settings read one of these variables.");
}

void ls_plan_find(struct ls_plan *p, const struct ls_snapshot *snap, enum ls_dialect d)
{
    struct finder f = {.plan = p, .snap = snap, .dialect = d};

    judge_child(&f);
    for (size_t i = 0; i < p->steps.n; i++) {
        struct ls_step *s = &p->steps.v[i];

        judge_cursor(&f, (int)i);
        if (s->kind == LS_STEP_RECORD)
            continue;
        judge_files(&f, (int)i);
        judge_state(&f, (int)i);
        judge_mixed(&f, (int)i);
        for (size_t k = 0; k < s->ops.n; k++)
            if (s->ops.v[k].kind == LS_OP_STATEMENT || s->ops.v[k].kind == LS_OP_BATCH)
                judge_op(&f, (int)i, &s->ops.v[k]);
    }
    for (size_t i = 0; i < f.made.n; i++)
        free(f.made.v[i]);
    LS_VEC_RELEASE(&f.made);
}
