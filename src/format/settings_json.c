/* JSON, by jansson. Lines are not kept: every setting is at 1. */
#include <config.h>

#include "format/settings.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct walk {
    struct ls_settings_reader *r;
    struct ls_buf key;
};

static void walk_value(struct walk *w, const json_t *value);

static void walk_under(struct walk *w, const char *name, const json_t *value)
{
    size_t was = w->key.len;

    ls_buf_addf(&w->key, "%s%s", was > 0 ? "." : "", name);
    walk_value(w, value);
    ls_buf_truncate(&w->key, was);
}

static void add(struct walk *w, const char *value, size_t len)
{
    if (w->key.len > 0 && memchr(value, '\0', len) == NULL)
        ls_settings_add(w->r, w->key.ptr, value, len, 1);
}

static void walk_scalar(struct walk *w, const json_t *value)
{
    char number[64] = "null";

    if (json_is_string(value)) {
        add(w, json_string_value(value), json_string_length(value));
        return;
    }
    if (json_is_boolean(value))
        snprintf(number, sizeof(number), "%s", json_is_true(value) ? "true" : "false");
    else if (json_is_integer(value))
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(number, sizeof(number), "%.17g", json_real_value(value));
    add(w, number, strlen(number));
}

static void walk_value(struct walk *w, const json_t *value)
{
    const char *name;
    json_t *member;
    size_t i;
    char index[24];

    if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, name, member) walk_under(w, name, member);
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, member)
        {
            snprintf(index, sizeof(index), "%zu", i);
            walk_under(w, index, member);
        }
    } else {
        walk_scalar(w, value);
    }
}

enum ls_rc ls_settings_read_json(struct ls_settings_reader *r)
{
    json_error_t why;
    json_t *root = json_loadb(r->text + r->at, r->len - r->at, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    struct walk w = {.r = r};

    if (root == NULL)
        return ls_settings_fail(r, why.line > 0 ? why.line : 1, "%s", why.text);
    walk_value(&w, root);
    ls_buf_release(&w.key);
    json_decref(root);
    return LS_OK;
}
