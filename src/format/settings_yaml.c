/* YAML, by libyaml: one document; anchors are followed, merge keys ("<<") too; tags are not obeyed. */
#include <config.h>

#include "format/settings.h"

#include <string.h>
#include <yaml.h>

#define MAX_DEPTH 32
#define MAX_NODES 50000 /* visited: aliases of aliases of aliases end here */

struct walk {
    struct ls_settings_reader *r;
    yaml_document_t *doc;
    struct ls_buf key;
    long n_nodes;
    size_t first; /* settings in front of it are of other files */
};

static enum ls_rc walk_node(struct walk *w, yaml_node_t *node, int depth, bool is_merged);

static bool is_set(const struct walk *w, const char *key)
{
    const struct ls_settings *s = w->r->out;

    for (size_t i = w->first; i < s->s.n; i++)
        if (strcmp(s->s.v[i].key, key) == 0)
            return true;
    return false;
}

static enum ls_rc walk_under(struct walk *w, const char *name, size_t len, yaml_node_t *node, int depth, bool is_merged)
{
    size_t was = w->key.len;
    enum ls_rc rc;

    ls_buf_addf(&w->key, "%s%.*s", was > 0 ? "." : "", (int)len, name);
    rc = walk_node(w, node, depth + 1, is_merged);
    ls_buf_truncate(&w->key, was);
    return rc;
}

static bool is_scalar(const yaml_node_t *n, const char *text)
{
    return n != NULL && n->type == YAML_SCALAR_NODE && strcmp((const char *)n->data.scalar.value, text) == 0;
}

/* What is merged gives way to what stands in the mapping itself, wherever. */
static enum ls_rc walk_mapping(struct walk *w, const yaml_node_t *node, int depth, bool is_merged)
{
    enum ls_rc rc = LS_OK;

    for (int merges = 0; merges < 2; merges++)
        for (yaml_node_pair_t *p = node->data.mapping.pairs.start; rc == LS_OK && p < node->data.mapping.pairs.top; p++) {
            yaml_node_t *key = yaml_document_get_node(w->doc, p->key), *value = yaml_document_get_node(w->doc, p->value);

            if (is_scalar(key, "<<") != (merges == 1) || key == NULL)
                continue;
            if (merges == 1)
                rc = walk_node(w, value, depth + 1, true);
            else if (key->type != YAML_SCALAR_NODE)
                rc = ls_settings_fail(w->r, (int)key->start_mark.line + 1, "a key that is no plain word");
            else
                rc = walk_under(w, (const char *)key->data.scalar.value, key->data.scalar.length, value, depth, is_merged);
        }
    return rc;
}

static enum ls_rc walk_node(struct walk *w, yaml_node_t *node, int depth, bool is_merged)
{
    enum ls_rc rc = LS_OK;
    char name[24];

    if (node == NULL)
        return LS_OK;
    if (depth > MAX_DEPTH || ++w->n_nodes > MAX_NODES)
        return ls_settings_fail(w->r, (int)node->start_mark.line + 1, "nested too deep, or an anchor within itself");
    if (node->type == YAML_MAPPING_NODE)
        return walk_mapping(w, node, depth, is_merged);
    if (node->type == YAML_SCALAR_NODE) {
        const char *value = (const char *)node->data.scalar.value;

        if (w->key.len > 0 && memchr(value, '\0', node->data.scalar.length) == NULL && !(is_merged && is_set(w, w->key.ptr)))
            ls_settings_add(w->r, w->key.ptr, value, node->data.scalar.length, (int)node->start_mark.line + 1);
        return LS_OK;
    }
    for (yaml_node_item_t *i = node->data.sequence.items.start;
         node->type == YAML_SEQUENCE_NODE && rc == LS_OK && i < node->data.sequence.items.top; i++) {
        snprintf(name, sizeof(name), "%td", i - node->data.sequence.items.start);
        rc = walk_under(w, name, strlen(name), yaml_document_get_node(w->doc, *i), depth, is_merged);
    }
    return rc;
}

enum ls_rc ls_settings_read_yaml(struct ls_settings_reader *r)
{
    yaml_parser_t parser;
    yaml_document_t doc;
    enum ls_rc rc;

    if (!yaml_parser_initialize(&parser))
        return ls_settings_fail(r, 1, "libyaml could not be started");
    yaml_parser_set_input_string(&parser, (const unsigned char *)r->text, r->len);
    if (!yaml_parser_load(&parser, &doc)) {
        rc = ls_settings_fail(r, (int)parser.problem_mark.line + 1, "%s", parser.problem != NULL ? parser.problem : "no YAML");
    } else {
        struct walk w = {.r = r, .doc = &doc, .first = r->out->s.n};

        rc = walk_node(&w, yaml_document_get_root_node(&doc), 0, false);
        ls_buf_release(&w.key);
        yaml_document_delete(&doc);
    }
    yaml_parser_delete(&parser);
    return rc;
}
