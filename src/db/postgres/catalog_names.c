/* Names: quoted where they have to be, and those that the server makes up when it is given none. */
#include <config.h>

#include "db/postgres/catalog_priv.h"

#define NAME_MAX_BYTES ((size_t)63) /* NAMEDATALEN - 1 */

void pgcat_ident(struct ls_buf *out, const char *name)
{
    bool is_plain = (name[0] >= 'a' && name[0] <= 'z') || name[0] == '_';

    for (const char *p = name; *p && is_plain; p++)
        is_plain = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_';
    if (is_plain) {
        ls_buf_adds(out, name);
        return;
    }
    ls_buf_addc(out, '"');
    for (const char *p = name; *p; p++) {
        if (*p == '"')
            ls_buf_addc(out, '"');
        ls_buf_addc(out, *p);
    }
    ls_buf_addc(out, '"');
}

void pgcat_qualified(struct ls_buf *out, const char *schema, const char *name)
{
    pgcat_ident(out, schema);
    ls_buf_addc(out, '.');
    pgcat_ident(out, name);
}

/* At most n bytes of UTF-8, cut between characters. */
static size_t clip(const char *s, size_t n)
{
    while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* makeObjectName() of src/backend/commands/indexcmds.c: the longer of the two names loses a byte until all fits. */
static void make_name(struct ls_buf *out, const char *table, const char *rest, const char *label, size_t label_len)
{
    size_t n1 = strlen(table), n2 = strlen(rest), room = NAME_MAX_BYTES - label_len - 1 - (n2 > 0);

    while (n1 + n2 > room) {
        if (n1 > n2)
            n1--;
        else
            n2--;
    }
    n1 = clip(table, n1);
    n2 = clip(rest, n2);
    ls_buf_clear(out);
    ls_buf_add(out, table, n1);
    if (rest[0] != '\0') {
        ls_buf_addc(out, '_');
        ls_buf_add(out, rest, n2);
    }
    ls_buf_addc(out, '_');
    ls_buf_add(out, label, label_len);
}

bool pgcat_is_made_name(const char *name, const char *table, const char *rest, const char *label)
{
    struct ls_buf made = LS_BUF_INIT;
    size_t len = strlen(name), digits = len, label_len = strlen(label);
    bool is_made;

    while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9')
        digits--;
    if (digits < label_len || strncmp(name + digits - label_len, label, label_len) != 0)
        return false;
    make_name(&made, table, rest, name + digits - label_len, len - digits + label_len);
    is_made = strcmp(made.ptr, name) == 0;
    ls_buf_release(&made);
    return is_made;
}

void pgcat_join_for_name(struct ls_buf *out, const char *column)
{
    if (out->len > NAME_MAX_BYTES) /* ChooseIndexNameAddition() stops there */
        return;
    if (out->len > 0)
        ls_buf_addc(out, '_');
    ls_buf_adds(out, column);
}
