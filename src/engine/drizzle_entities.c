/* Snapshots of drizzle-kit 0.x (versions 5 to 7) nest everything in maps; 1.x has one list of entities. The maps are turned into
 * that list. */
#include <config.h>

#include "engine/drizzle_ddl.h"

#include <string.h>

#include "format/json.h"

static const char *str(const json_t *o, const char *key)
{
    const char *s = ls_json_str(o, key);

    return s != NULL ? s : "";
}

static json_t *entity(json_t *list, const char *type)
{
    json_t *o = json_object();

    (void)json_object_set_new(o, "entityType", json_string(type));
    (void)json_array_append_new(list, o);
    return o;
}

static void copy(json_t *to, const char *as, const json_t *from, const char *key)
{
    json_t *v = json_object_get(from, key);

    if (v != NULL)
        (void)json_object_set(to, as, v);
}

static void set(json_t *to, const char *key, const char *value)
{
    (void)json_object_set_new(to, key, json_string(value));
}

static json_t *below(json_t *list, const char *type, const json_t *table, const json_t *item)
{
    json_t *o = entity(list, type);

    set(o, "schema", str(table, "schema"));
    set(o, "table", str(table, "name"));
    copy(o, "name", item, "name");
    return o;
}

static void add_columns(json_t *list, json_t *table)
{
    static const char *const same[] = {"type", "typeSchema", "notNull", "default", "generated", "identity", "autoincrement"};
    const char *key;
    json_t *item;

    json_object_foreach(json_object_get(table, "columns"), key, item)
    {
        json_t *o = below(list, "columns", table, item);

        for (size_t i = 0; i < LS_ARRAY_LEN(same); i++)
            copy(o, same[i], item, same[i]);
        if (json_is_true(json_object_get(item, "primaryKey"))) {
            json_t *pk = entity(list, "pks"), *columns = json_array();

            set(pk, "schema", str(table, "schema"));
            set(pk, "table", str(table, "name"));
            (void)json_array_append(columns, json_object_get(item, "name"));
            (void)json_object_set_new(pk, "columns", columns);
        }
    }
}

/* Version 5 has names, 7 objects with "expression"; SQLite's have names, and an expression where no column is called so. */
static json_t *index_columns(const json_t *table, const json_t *list)
{
    json_t *out = json_array(), *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        json_t *o = json_object();

        if (json_is_string(item)) {
            (void)json_object_set(o, "value", item);
            (void)json_object_set_new(
                o, "isExpression",
                json_boolean(json_object_get(json_object_get(table, "columns"), json_string_value(item)) == NULL));
        } else {
            copy(o, "value", item, "expression");
            copy(o, "isExpression", item, "isExpression");
            copy(o, "asc", item, "asc");
            copy(o, "opclass", item, "opclass");
            if (strcmp(str(item, "nulls"), "first") == 0)
                (void)json_object_set_new(o, "nullsFirst", json_true());
            else if (strcmp(str(item, "nulls"), "last") == 0)
                (void)json_object_set_new(o, "nullsFirst", json_false());
        }
        (void)json_array_append_new(out, o);
    }
    return out;
}

static void add_indexes(json_t *list, const json_t *table)
{
    static const char *const same[] = {"isUnique", "where", "with", "method"};
    const char *key;
    json_t *item;

    json_object_foreach(json_object_get(table, "indexes"), key, item)
    {
        json_t *o = below(list, "indexes", table, item);

        for (size_t i = 0; i < LS_ARRAY_LEN(same); i++)
            copy(o, same[i], item, same[i]);
        (void)json_object_set_new(o, "columns", index_columns(table, json_object_get(item, "columns")));
    }
}

/* The maps whose members are what they are in 1.x but for some names. */
static void add_map(json_t *list, json_t *table, const char *map, const char *type, const char *const (*names)[2], size_t n)
{
    const char *key;
    json_t *item;

    json_object_foreach(json_object_get(table, map), key, item)
    {
        json_t *o = below(list, type, table, item);

        for (size_t i = 0; i < n; i++)
            copy(o, names[i][1], item, names[i][0]);
    }
}

static void add_table(json_t *list, json_t *table)
{
    static const char *const fks[][2] = {{"columnsFrom", "columns"}, {"schemaTo", "schemaTo"}, {"tableTo", "tableTo"},
                                         {"columnsTo", "columnsTo"}, {"onUpdate", "onUpdate"}, {"onDelete", "onDelete"}};
    static const char *const pks[][2] = {{"columns", "columns"}};
    static const char *const uniques[][2] = {{"columns", "columns"}, {"nullsNotDistinct", "nullsNotDistinct"}};
    static const char *const checks[][2] = {{"value", "value"}};
    static const char *const policies[][2] = {
        {"as", "as"}, {"for", "for"}, {"to", "roles"}, {"using", "using"}, {"withCheck", "withCheck"}};
    json_t *o = entity(list, "tables");

    copy(o, "name", table, "name");
    set(o, "schema", str(table, "schema"));
    copy(o, "isRlsEnabled", table, "isRLSEnabled");
    add_columns(list, table);
    add_indexes(list, table);
    add_map(list, table, "foreignKeys", "fks", fks, LS_ARRAY_LEN(fks));
    add_map(list, table, "compositePrimaryKeys", "pks", pks, LS_ARRAY_LEN(pks));
    add_map(list, table, "uniqueConstraints", "uniques", uniques, LS_ARRAY_LEN(uniques));
    add_map(list, table, "checkConstraints", "checks", checks, LS_ARRAY_LEN(checks));
    add_map(list, table, "policies", "policies", policies, LS_ARRAY_LEN(policies));
}

/* Enums of version 5 are maps of label to label, and know no schema. */
static void add_enums(json_t *list, json_t *root)
{
    const char *key, *label;
    json_t *item, *v;

    json_object_foreach(json_object_get(root, "enums"), key, item)
    {
        json_t *o = entity(list, "enums"), *values = json_object_get(item, "values");

        copy(o, "name", item, "name");
        set(o, "schema", str(item, "schema"));
        if (json_is_object(values)) {
            json_t *labels = json_array();

            json_object_foreach(values, label, v)(void) json_array_append(labels, v);
            (void)json_object_set_new(o, "values", labels);
        } else {
            copy(o, "values", item, "values");
        }
    }
}

static void add_others(json_t *list, json_t *root)
{
    static const char *const sequence[][2] = {{"increment", "incrementBy"}, {"minValue", "minValue"}, {"maxValue", "maxValue"},
                                              {"startWith", "startWith"},   {"cache", "cacheSize"},   {"cycle", "cycle"}};
    static const char *const view[] = {"definition", "materialized", "isExisting", "with"};
    const char *key;
    json_t *item;

    json_object_foreach(json_object_get(root, "schemas"), key, item)
    {
        if (json_is_string(item))
            set(entity(list, "schemas"), "name", json_string_value(item));
    }
    json_object_foreach(json_object_get(root, "sequences"), key, item)
    {
        json_t *o = entity(list, "sequences");

        copy(o, "name", item, "name");
        set(o, "schema", str(item, "schema"));
        for (size_t i = 0; i < LS_ARRAY_LEN(sequence); i++)
            copy(o, sequence[i][1], item, sequence[i][0]);
    }
    json_object_foreach(json_object_get(root, "views"), key, item)
    {
        json_t *o = entity(list, "views");

        copy(o, "name", item, "name");
        set(o, "schema", str(item, "schema"));
        for (size_t i = 0; i < LS_ARRAY_LEN(view); i++)
            copy(o, view[i], item, view[i]);
    }
}

json_t *drizzle_entities(json_t *root, enum ls_dialect d)
{
    json_t *list = json_object_get(root, "ddl"), *tables = json_object_get(root, "tables"), *table;
    const char *key;

    if (json_is_array(list))
        return json_incref(list);
    if (!json_is_object(tables))
        return NULL;
    list = json_array();
    if (d == LS_DIALECT_POSTGRES)
        add_enums(list, root);
    json_object_foreach(tables, key, table) add_table(list, table);
    add_others(list, root);
    return list;
}
