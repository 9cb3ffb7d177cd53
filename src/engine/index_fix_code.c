/* A fix in the files of tools whose migrations are no plain SQL files: Alembic's Python, Rails' Ruby, Sqitch's scripts for psql and sqlite3. */
#include <config.h>

#include "engine/index_fix_priv.h"

#include <string.h>

#include "lockstep/sql/split.h"

/* The text in quotes, as both Python and Ruby read it. Python's text() takes :name for a parameter, unless it is told not to. */
static void add_string(struct ls_buf *out, const char *text, size_t len, bool python)
{
    char quote = python && memchr(text, '"', len) == NULL ? '"' : '\''; /* Ruby looks for variables between double ones */

    ls_buf_addc(out, quote);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == quote || text[i] == '\\')
            ls_buf_addc(out, '\\');
        if (python && text[i] == ':' && (i == 0 || text[i - 1] != ':') && i + 1 < len && text[i + 1] != ':')
            ls_buf_adds(out, "\\\\");
        if (python && text[i] == '\n')
            ls_buf_adds(out, "\\n");
        else
            ls_buf_addc(out, text[i]);
    }
    ls_buf_addc(out, quote);
}

/* Comment lines, then a call for each statement. */
static enum ls_rc add_calls(struct ls_buf *out, enum ls_dialect d, const char *text, const char *indent, bool python, struct ls_err *err)
{
    struct ls_stmts stmts = {0};
    enum ls_rc rc = ls_sql_split(d, text, strlen(text), &stmts, err);

    for (const char *p = text; rc == LS_OK && strncmp(p, "-- ", 3) == 0;) {
        size_t len = strcspn(p, "\n");

        ls_buf_addf(out, "%s# %.*s\n", indent, (int)(len - 3), p + 3);
        p += len + (p[len] == '\n');
    }
    for (size_t i = 0; rc == LS_OK && i < stmts.n; i++) {
        ls_buf_addf(out, "%s%s", indent, python ? "op.execute(" : "execute ");
        add_string(out, text + stmts.v[i].start, stmts.v[i].end - stmts.v[i].start, python);
        ls_buf_adds(out, python ? ")\n" : "\n");
    }
    if (rc == LS_OK && stmts.n == 0 && python)
        ls_buf_addf(out, "%spass\n", indent);
    ls_stmts_release(&stmts);
    return rc;
}

static enum ls_rc odd_template(const char *tool, struct ls_err *err)
{
    ls_err_set(err, LS_E_UNSUPPORTED, "what the template of %s makes has no place that statements could be put into", tool);
    ls_err_hint(err, "make it with %s, and put the statements in by hand", tool);
    return LS_E_UNSUPPORTED;
}

/* The function's first line that only says `pass`; NULL: there is none. */
static const char *pass_of(const char *text, const char *function, size_t *len)
{
    const char *p = strstr(text, function);

    while (p != NULL && (p = strchr(p, '\n')) != NULL) {
        const char *word = p + 1 + strspn(p + 1, " \t");

        if (strncmp(word, "pass", 4) == 0 && strchr("\r\n", word[4]) != NULL && word > p + 1) {
            *len = (size_t)(word + 4 - (p + 1));
            return p + 1;
        }
        if (word[0] != '\0' && word == p + 1 && word[0] != '\n' && word[0] != '\r')
            return NULL;
        p++;
    }
    return NULL;
}

static enum ls_rc add_python(struct ls_buf *out, enum ls_dialect d, const char *text, bool alone, struct ls_err *err)
{
    if (alone)
        ls_buf_adds(out, "    with op.get_context().autocommit_block():\n");
    return add_calls(out, d, text, alone ? "        " : "    ", true, err);
}

static enum ls_rc alembic(struct ls_arena *arena, enum ls_dialect d, const struct ls_written *w, const char **texts, struct ls_err *err)
{
    size_t up_len = 0, down_len = 0;
    const char *text = texts[0], *up = pass_of(text, "def upgrade(", &up_len), *down = pass_of(text, "def downgrade(", &down_len);
    struct ls_buf b = LS_BUF_INIT;
    enum ls_rc rc;

    if (up == NULL || down == NULL || down < up)
        return odd_template("alembic", err);
    ls_buf_add(&b, text, (size_t)(up - text));
    rc = add_python(&b, d, w->up, w->up_no_tx, err);
    ls_buf_truncate(&b, b.len - (b.len > 0)); /* the line's own end comes behind it */
    ls_buf_add(&b, up + up_len, (size_t)(down - (up + up_len)));
    if (rc == LS_OK)
        rc = add_python(&b, d, w->down, w->down_no_tx, err);
    ls_buf_truncate(&b, b.len - (b.len > 0));
    ls_buf_adds(&b, down + down_len);
    texts[0] = ls_arena_strn(arena, b.ptr, b.len);
    ls_buf_release(&b);
    return rc;
}

static enum ls_rc rails(struct ls_arena *arena, enum ls_dialect d, const struct ls_written *w, const char **texts, struct ls_err *err)
{
    static const char empty[] = "  def change\n  end\n";
    const char *at = strstr(texts[0], empty);
    struct ls_buf b = LS_BUF_INIT;
    enum ls_rc rc;

    if (at == NULL)
        return odd_template("Rails", err);
    ls_buf_add(&b, texts[0], (size_t)(at - texts[0]));
    if (w->up_no_tx || w->down_no_tx)
        ls_buf_adds(&b, "  disable_ddl_transaction!\n\n");
    ls_buf_adds(&b, "  def up\n");
    rc = add_calls(&b, d, w->up, "    ", false, err);
    ls_buf_adds(&b, "  end\n\n  def down\n");
    if (rc == LS_OK)
        rc = add_calls(&b, d, w->down, "    ", false, err);
    ls_buf_addf(&b, "  end\n%s", at + strlen(empty));
    texts[0] = ls_arena_strn(arena, b.ptr, b.len);
    ls_buf_release(&b);
    return rc;
}

/* The header line that sqitch puts there stays. */
static const char *script(struct ls_arena *arena, const char *template, const char *text, bool no_tx)
{
    return ls_arena_printf(arena, "%.*s\n\n%s%s%s", (int)strcspn(template, "\n"), template, no_tx ? "" : "BEGIN;\n\n", text, no_tx ? "" : "\nCOMMIT;\n");
}

enum ls_rc fix_code(struct ls_arena *arena, const struct ls_format *format, enum ls_dialect d, const struct ls_written *w, const char *const *paths,
                    const char **texts, int n, struct ls_err *err)
{
    (void)paths;
    if (strcmp(format->name, "alembic") == 0 && n > 0)
        return alembic(arena, d, w, texts, err);
    if (strcmp(format->name, "rails") == 0 && n > 0)
        return rails(arena, d, w, texts, err);
    if (strcmp(format->name, "sqitch") == 0 && n > 2) {
        texts[0] = script(arena, texts[0], w->up, w->up_no_tx);
        texts[1] = script(arena, texts[1], w->down, w->down_no_tx);
        /* What is made is made, or the deploy script fails; one that a later change drops must not fail here. */
        texts[2] = ls_arena_printf(arena, "%.*s\n\nBEGIN;\n\nSELECT 1;\n\nROLLBACK;\n", (int)strcspn(texts[2], "\n"), texts[2]);
        return LS_OK;
    }
    return ls_err_set(err, LS_E_UNSUPPORTED, "lockstep does not write migrations of %s", format->title);
}
