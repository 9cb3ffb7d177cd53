/* A catalogue as JSON text and back. A line holds one fact, so that version control shows what changed; what needs what is told by
 * names, not by numbers, for the same reason. A text that is no UTF-8 stands as {"hex": "..."}: no name is lost. */
#include <config.h>

#include "lockstep/engine/side.h"

#include <jansson.h>
#include <string.h>

#include "format/json.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"

#define FORMAT_KEY "lockstep-catalogue"

/* --- writing
 * -----------------------------------------------------------------------------------------------------------------------------------
 */

static void put_text(struct ls_buf *out, const char *s)
{
    size_t len = strlen(s);

    if (!ls_utf8_valid(s, len, NULL)) {
        ls_buf_adds(out, "{\"hex\": \"");
        for (size_t i = 0; i < len; i++)
            ls_buf_addf(out, "%02x", (unsigned)(unsigned char)s[i]);
        ls_buf_adds(out, "\"}");
        return;
    }
    ls_buf_addc(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c == '"' || c == '\\')
            ls_buf_addf(out, "\\%c", c);
        else if (c == '\n')
            ls_buf_adds(out, "\\n");
        else if (c < 0x20 || c == 0x7f)
            ls_buf_addf(out, "\\u%04x", c);
        else
            ls_buf_addc(out, (char)c);
    }
    ls_buf_addc(out, '"');
}

static void put_pair(struct ls_buf *out, const char *key, const char *value)
{
    put_text(out, key);
    ls_buf_adds(out, ": ");
    put_text(out, value);
}

/* How a SQLite file is written and opened is no part of its schema. */
static bool is_saved(const struct ls_fact *f, enum ls_attr a)
{
    if (a == LS_A_PARTS && f->kind == LS_FACT_DATABASE)
        return false;
    return a != LS_A_ROWS && a != LS_A_BYTES && a != LS_A_OID && a != LS_A_DEFINITION;
}

static void put_identity(struct ls_buf *out, const struct ls_fact *f)
{
    ls_buf_addc(out, '[');
    put_text(out, ls_fact_kind_name(f->kind));
    ls_buf_adds(out, ", ");
    put_text(out, f->schema);
    ls_buf_adds(out, ", ");
    put_text(out, f->parent);
    ls_buf_adds(out, ", ");
    put_text(out, f->name);
    ls_buf_addc(out, ']');
}

static void put_fact(struct ls_buf *out, const struct ls_catalog *c, uint32_t i)
{
    const struct ls_fact *f = &c->facts[i];
    const struct ls_dep *needs;
    uint32_t n;

    ls_buf_adds(out, "    {");
    put_pair(out, "kind", ls_fact_kind_name(f->kind));
    if (f->schema[0] != '\0') {
        ls_buf_adds(out, ", ");
        put_pair(out, "schema", f->schema);
    }
    if (f->parent[0] != '\0') {
        ls_buf_adds(out, ", ");
        put_pair(out, "parent", f->parent);
    }
    ls_buf_adds(out, ", ");
    put_pair(out, "name", f->name);
    for (uint32_t k = 0; k < f->n_attrs; k++) {
        if (!is_saved(f, f->attrs[k].attr))
            continue;
        ls_buf_adds(out, ", ");
        put_pair(out, ls_attr_name(f->attrs[k].attr), f->attrs[k].value);
    }
    needs = ls_catalog_needs(c, i, &n);
    for (uint32_t k = 0; k < n; k++) {
        ls_buf_adds(out, k == 0 ? ", \"needs\": [" : ", ");
        put_identity(out, &c->facts[needs[k].to]);
    }
    ls_buf_adds(out, n > 0 ? "]}" : "}");
}

static void put_lacks(struct ls_buf *out, const struct ls_catalog *c)
{
    const char *sep = "";

    ls_buf_adds(out, "  \"lacks\": [");
    for (int k = 0; k < LS_N_FACTS; k++) {
        if (!c->lacks[k])
            continue;
        ls_buf_adds(out, sep);
        put_text(out, ls_fact_kind_name((enum ls_fact_kind)k));
        sep = ", ";
    }
    ls_buf_adds(out, "],\n  \"lacks attributes\": [");
    sep = "";
    for (int a = 0; a < LS_N_ATTRS; a++) {
        if (!c->lacks_attr[a])
            continue;
        ls_buf_adds(out, sep);
        put_text(out, ls_attr_name((enum ls_attr)a));
        sep = ", ";
    }
    ls_buf_adds(out, "],\n");
}

static void put_notes(struct ls_buf *out, const struct ls_catalog *c)
{
    ls_buf_adds(out, "  \"notes\": [");
    for (size_t i = 0; i < c->notes.d.n; i++) {
        const struct ls_diag *d = &c->notes.d.v[i];

        ls_buf_adds(out, i > 0 ? ",\n    {" : "\n    {");
        put_pair(out, "severity", ls_severity_name(d->severity));
        ls_buf_adds(out, ", ");
        put_pair(out, "code", d->code);
        ls_buf_adds(out, ", ");
        put_pair(out, "message", d->message);
        if (d->hint != NULL) {
            ls_buf_adds(out, ", ");
            put_pair(out, "hint", d->hint);
        }
        ls_buf_addc(out, '}');
    }
    ls_buf_adds(out, c->notes.d.n > 0 ? "\n  ],\n" : "],\n");
}

void ls_catalog_save(const struct ls_catalog *c, struct ls_buf *out)
{
    ls_buf_addf(out, "{\n  \"" FORMAT_KEY "\": %d,\n  ", LS_SAVED_FORMAT);
    put_pair(out, "dialect", ls_dialect_name(c->dialect));
    ls_buf_adds(out, ",\n  ");
    put_pair(out, "source", c->source);
    ls_buf_adds(out, ",\n  ");
    put_pair(out, "server", c->server);
    ls_buf_addf(out, ",\n  \"server version\": %d,\n", c->server_version);
    put_lacks(out, c);
    put_notes(out, c);
    ls_buf_adds(out, "  \"facts\": [");
    for (uint32_t i = 0; i < c->n_facts; i++) {
        ls_buf_adds(out, i > 0 ? ",\n" : "\n");
        put_fact(out, c, i);
    }
    ls_buf_adds(out, c->n_facts > 0 ? "\n  ]\n}\n" : "]\n}\n");
}

/* --- reading
 * -----------------------------------------------------------------------------------------------------------------------------------
 */

struct restore {
    const char *path, *text;
    size_t len;
    struct ls_catalog_builder *b;
    struct ls_err *err;
    size_t n_unknown;        /* attributes that this version does not know */
    LS_VEC(uint32_t) number; /* per fact of the file */
};

static enum ls_rc bad(struct restore *r, const char *list, size_t at, const char *why, const char *what)
{
    int line = list != NULL ? ls_json_entry_line(r->text, r->len, list, at) : 1;

    ls_err_set(r->err, LS_E_INPUT, "%s:%d: %s%s%s%s", r->path, line > 0 ? line : 1, why, what != NULL ? " '" : "",
               what != NULL ? what : "", what != NULL ? "'" : "");
    if (r->err != NULL)
        r->err->line = line > 0 ? line : 1;
    ls_err_hint(r->err, "write it again: lockstep snapshot SIDE --out %s", r->path);
    return LS_E_INPUT;
}

static int hex_value(char c)
{
    const char *digits = "0123456789abcdef", *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* A string, or {"hex": "..."}; NULL: neither, or it would hold a NUL. */
static const char *text_of(struct restore *r, const json_t *v)
{
    const char *hex = json_is_object(v) ? ls_json_str(v, "hex") : NULL, *out = NULL;
    struct ls_buf b = LS_BUF_INIT;

    if (json_is_string(v))
        return strlen(json_string_value(v)) == json_string_length(v) ? json_string_value(v) : NULL;
    if (hex == NULL)
        return NULL;
    for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        int hi = hex_value(hex[0]), lo = hex_value(hex[1]);

        if (hi < 0 || lo < 0 || hi + lo == 0)
            break;
        ls_buf_addc(&b, (char)(hi * 16 + lo));
    }
    if (hex[0] == '\0')
        out = ls_catalog_intern(r->b, b.ptr);
    ls_buf_release(&b);
    return out;
}

static const char *member(struct restore *r, const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    return v != NULL ? text_of(r, v) : "";
}

static bool is_identity_key(const char *key)
{
    return strcmp(key, "kind") == 0 || strcmp(key, "schema") == 0 || strcmp(key, "parent") == 0 || strcmp(key, "name") == 0 ||
           strcmp(key, "needs") == 0;
}

static enum ls_rc add_fact(struct restore *r, json_t *o, size_t at)
{
    const char *kind = ls_json_str(o, "kind"), *schema = member(r, o, "schema"), *parent = member(r, o, "parent"),
               *name = member(r, o, "name");
    enum ls_fact_kind k = kind != NULL ? ls_fact_kind_find(kind) : LS_FACT_NONE;
    const char *key;
    json_t *value;
    uint32_t fact;

    if (!json_is_object(o))
        return bad(r, "facts", at, "a fact must be an object", NULL);
    if (k == LS_FACT_NONE)
        return bad(r, "facts", at, "there is no kind of object", kind != NULL ? kind : "");
    if (schema == NULL || parent == NULL || name == NULL || json_object_get(o, "name") == NULL)
        return bad(r, "facts", at, "a fact without a readable name", NULL);
    fact = ls_catalog_add(r->b, k, schema, parent, name);
    *LS_VEC_PUSH(&r->number) = fact;
    json_object_foreach(o, key, value)
    {
        enum ls_attr a = ls_attr_find(key);
        const char *text = text_of(r, value);

        if (is_identity_key(key))
            continue;
        if (text == NULL)
            return bad(r, "facts", at, "a value that is no text:", key);
        if (a == LS_N_ATTRS)
            r->n_unknown++;
        else
            ls_catalog_set(r->b, fact, a, text);
    }
    return LS_OK;
}

/* --- who needs whom: by name, through a sorted list --- */

struct target {
    const char *key;
    uint32_t fact;
};

static const char *key_of(struct ls_arena *a, const char *kind, const char *schema, const char *parent, const char *name)
{
    return ls_arena_printf(a, "%s\x01%s\x01%s\x01%s", kind, schema, parent, name);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct target *)a)->key, ((const struct target *)b)->key);
}

static enum ls_rc add_needs(struct restore *r, json_t *facts)
{
    struct ls_arena *arena = ls_arena_new();
    struct target *targets = ls_calloc(r->number.n + 1, sizeof(*targets));
    size_t i, k;
    json_t *o, *need;
    enum ls_rc rc = LS_OK;

    json_array_foreach(facts, i, o) targets[i] =
        (struct target){key_of(arena, ls_json_str(o, "kind"), member(r, o, "schema"), member(r, o, "parent"), member(r, o, "name")),
                        r->number.v[i]};
    qsort(targets, r->number.n, sizeof(*targets), by_key);
    for (i = 1; i < r->number.n && rc == LS_OK; i++)
        if (strcmp(targets[i - 1].key, targets[i].key) == 0)
            rc = bad(r, NULL, 0, "two facts are of one name:", strrchr(targets[i].key, '\x01') + 1);
    json_array_foreach(facts, i, o)
    {
        json_array_foreach(json_object_get(o, "needs"), k, need)
        {
            const char *part[4] = {0};
            struct target key = {NULL, 0}, *found;

            for (size_t p = 0; p < 4; p++)
                part[p] = text_of(r, json_array_get(need, p));
            if (rc == LS_OK && (part[0] == NULL || part[1] == NULL || part[2] == NULL || part[3] == NULL))
                rc = bad(r, "facts", i, "what it needs is no [kind, schema, parent, name]", NULL);
            if (rc != LS_OK)
                break;
            key.key = key_of(arena, part[0], part[1], part[2], part[3]);
            found = bsearch(&key, targets, r->number.n, sizeof(key), by_key);
            if (found == NULL)
                rc = bad(r, "facts", i, "it needs what is not in the file:", part[3]);
            else
                ls_catalog_depend(r->b, r->number.v[i], found->fact);
        }
    }
    free(targets);
    ls_arena_free(arena);
    return rc;
}

static void add_notes(struct restore *r, json_t *notes)
{
    size_t i;
    json_t *o;

    json_array_foreach(notes, i, o)
    {
        const char *severity = ls_json_str(o, "severity"), *code = ls_json_str(o, "code"), *message = ls_json_str(o, "message");
        enum ls_severity s = LS_SEV_INFO;

        for (int k = LS_SEV_INFO; k <= LS_SEV_ERROR && severity != NULL; k++)
            s = strcmp(ls_severity_name((enum ls_severity)k), severity) == 0 ? (enum ls_severity)k : s;
        if (message != NULL)
            ls_catalog_note(r->b, s, code != NULL ? code : "note", message, ls_json_str(o, "hint"));
    }
    if (r->n_unknown > 0)
        ls_catalog_note(r->b, LS_SEV_WARNING, "newer-file",
                        "some attributes in the file are not known to this version of lockstep, and are not compared", NULL);
}

static void set_lacks(struct ls_catalog *c, json_t *root)
{
    size_t i;
    json_t *v;

    json_array_foreach(json_object_get(root, "lacks"), i, v)
    {
        enum ls_fact_kind k = json_is_string(v) ? ls_fact_kind_find(json_string_value(v)) : LS_FACT_NONE;

        c->lacks[k] = k != LS_FACT_NONE;
    }
    json_array_foreach(json_object_get(root, "lacks attributes"), i, v)
    {
        enum ls_attr a = json_is_string(v) ? ls_attr_find(json_string_value(v)) : LS_N_ATTRS;

        if (a != LS_N_ATTRS)
            c->lacks_attr[a] = 1;
    }
}

static enum ls_rc read_head(struct restore *r, json_t *root, enum ls_dialect *dialect)
{
    int64_t format = 0;
    const char *word = ls_json_str(root, "dialect");

    if (!ls_json_int(root, FORMAT_KEY, &format))
        return bad(r, NULL, 0, "this is no catalogue of lockstep's: it has no \"" FORMAT_KEY "\"", NULL);
    if (format > LS_SAVED_FORMAT) {
        ls_err_set(r->err, LS_E_UNSUPPORTED, "%s is of format %lld, and this version of lockstep knows %d", r->path,
                   (long long)format, LS_SAVED_FORMAT);
        return LS_E_UNSUPPORTED;
    }
    if (word == NULL || !ls_dialect_parse(word, dialect))
        return bad(r, NULL, 0, "there is no dialect", word != NULL ? word : "");
    return LS_OK;
}

enum ls_rc ls_catalog_restore(const char *path, const char *text, size_t len, struct ls_catalog **out, struct ls_err *err)
{
    struct restore r = {.path = path, .text = text, .len = len, .err = err};
    enum ls_dialect dialect = LS_DIALECT_POSTGRES;
    json_error_t why;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why), *facts = json_object_get(root, "facts"), *o;
    int64_t version = 0;
    size_t i;
    enum ls_rc rc;

    *out = NULL;
    if (root == NULL) {
        ls_err_set(err, LS_E_INPUT, "%s:%d:%d: %s", path, why.line, why.column, why.text);
        if (err != NULL)
            err->line = why.line;
        return LS_E_INPUT;
    }
    rc = read_head(&r, root, &dialect);
    r.b = ls_catalog_builder_new(dialect);
    if (rc == LS_OK && !json_is_array(facts))
        rc = bad(&r, NULL, 0, "it has no list of facts", NULL);
    for (i = 0; rc == LS_OK && i < json_array_size(facts); i++) {
        o = json_array_get(facts, i);
        rc = add_fact(&r, o, i);
    }
    if (rc == LS_OK)
        rc = add_needs(&r, facts);
    if (rc == LS_OK) {
        const char *source = ls_json_str(root, "source"), *server = ls_json_str(root, "server");

        (void)ls_json_int(root, "server version", &version);
        add_notes(&r, json_object_get(root, "notes"));
        *out = ls_catalog_freeze(r.b, source != NULL ? source : path, server != NULL ? server : "", (int)version);
        set_lacks(*out, root);
        r.b = NULL;
    }
    ls_catalog_builder_free(r.b);
    LS_VEC_RELEASE(&r.number);
    json_decref(root);
    return rc;
}
