/* One known spot where the server's text is no fixpoint: `short IN ('a', 'b')` on a varchar is written
 *     ((short)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))
 * and that text, once it has been read again from a dump, is written
 *     ((short)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))
 * from then on. The second form stands for both. */
#include <config.h>

#include "db/postgres/catalog_priv.h"

#include "lockstep/sql/lex.h"

#define OPEN    "((ARRAY["
#define CLOSE   "])::text[])"
#define VARCHAR "::character varying"

static bool ends_with(const char *s, size_t len, const char *end)
{
    size_t n = strlen(end);

    return len > n && memcmp(s + len - n, end, n) == 0;
}

/* Rewrites the list that begins at `at`, behind OPEN. How long it is with its CLOSE, 0: it is no such list. */
static size_t rewrite(const char *at, struct ls_buf *out)
{
    size_t start = 0, before = out->len;
    struct ls_lex lx;
    int depth = 0;

    ls_buf_adds(out, "(ARRAY[");
    ls_lex_init(&lx, LS_DIALECT_POSTGRES, at, strlen(at));
    lx.is_plain = true;
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END && t.kind != LS_TOK_ERROR; t = ls_lex_next(&lx)) {
        bool is_end = depth == 0 && t.kind == LS_TOK_CLOSE;

        if (is_end || (depth == 0 && t.kind == LS_TOK_COMMA_DOT && at[t.start] == ',')) {
            while (at[start] == ' ')
                start++;
            if (!ends_with(at + start, t.start - start, VARCHAR) || (is_end && strncmp(at + t.start, CLOSE, strlen(CLOSE)) != 0))
                break;
            ls_buf_addf(out, "(%.*s)::text%s", (int)(t.start - start), at + start, is_end ? "])" : ", ");
            start = t.end;
            if (is_end)
                return t.start + strlen(CLOSE);
        }
        depth += t.kind == LS_TOK_OPEN;
        depth -= t.kind == LS_TOK_CLOSE;
    }
    ls_buf_truncate(out, before);
    return 0;
}

void pgcat_set(struct pgcat *k, uint32_t fact, enum ls_attr a, const char *text)
{
    struct ls_buf out = LS_BUF_INIT;
    const char *at;

    if (text == NULL || strstr(text, CLOSE) == NULL) {
        ls_catalog_set(k->b, fact, a, text);
        return;
    }
    while ((at = strstr(text, OPEN)) != NULL) {
        size_t n;

        ls_buf_add(&out, text, (size_t)(at - text));
        n = rewrite(at + strlen(OPEN), &out);
        if (n == 0)
            ls_buf_addc(&out, *at);
        text = at + (n == 0 ? 1 : strlen(OPEN) + n);
    }
    ls_buf_adds(&out, text);
    ls_catalog_set(k->b, fact, a, out.ptr);
    ls_buf_release(&out);
}
