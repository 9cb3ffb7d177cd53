/* lockstep/model/catalog.h: an immutable snapshot of a schema, whatever it was read from: facts at one grain, sorted, with their dependencies.
 *
 * A fact is one object (a table, a column, a constraint, an index, a policy ...): {kind, schema, parent, name} names it, attributes say everything
 * else about it as text, in the server's own words where it has words. What is special about a kind stands in two places only: the query that
 * reads it, and its row in the tables below. Comparing two catalogues is a merge of two sorted arrays; nothing here knows SQL.
 *
 * A reader fills a builder (add, set, depend, in any order; strings are copied and interned), then freezes it. A frozen catalogue is read-only and
 * may go to another thread. Memory: one arena, about 48 bytes a fact and 16 an attribute beside its distinct strings. */
#ifndef LOCKSTEP_MODEL_CATALOG_H
#define LOCKSTEP_MODEL_CATALOG_H

#include "lockstep/base/arena.h"
#include "lockstep/base/base.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/vec.h"
#include "lockstep/model/migration.h"
#include "lockstep/sql/dialect.h"

/* X(enum, word, plural, parent kind). The parent is the kind whose name a fact of this kind has in `parent`; NONE: it stands in its schema, or in the
 * database where `schema` is "". Several kinds live below a "relation": TABLE stands for tables, views, materialised views and foreign tables there. */
#define LS_FACTS(X)                                                          \
    X(DATABASE, "database", "databases", NONE)          /* one: what belongs to the whole of it (encoding; SQLite's pragmas) */ \
    X(SCHEMA, "schema", "schemas", NONE)                                     \
    X(EXTENSION, "extension", "extensions", NONE)                            \
    X(LANGUAGE, "language", "languages", NONE)                               \
    X(COLLATION, "collation", "collations", NONE)                            \
    X(CONVERSION, "conversion", "conversions", NONE)                         \
    X(ENUM, "enum", "enums", NONE)                                           \
    X(DOMAIN, "domain", "domains", NONE)                                     \
    X(COMPOSITE, "composite type", "composite types", NONE)                  \
    X(RANGE, "range type", "range types", NONE)                              \
    X(TYPE, "base type", "base types", NONE)                                 \
    X(SEQUENCE, "sequence", "sequences", NONE)                               \
    X(TABLE, "table", "tables", NONE)                   /* ordinary, partitioned, foreign, virtual: attribute FORM */ \
    X(VIEW, "view", "views", NONE)                                           \
    X(MATVIEW, "materialised view", "materialised views", NONE)              \
    X(COLUMN, "column", "columns", TABLE)                                    \
    X(CONSTRAINT, "constraint", "constraints", TABLE)   /* a domain's as well: `parent` is the domain then */ \
    X(INDEX, "index", "indexes", TABLE)                 /* not those that a constraint made: they are part of it */ \
    X(TRIGGER, "trigger", "triggers", TABLE)                                 \
    X(RULE, "rule", "rules", TABLE)                                          \
    X(POLICY, "policy", "policies", TABLE)                                   \
    X(STATISTICS, "statistics object", "statistics objects", NONE)           \
    X(FUNCTION, "function", "functions", NONE)          /* name with its argument types: "f(integer,text)" */ \
    X(PROCEDURE, "procedure", "procedures", NONE)                            \
    X(AGGREGATE, "aggregate", "aggregates", NONE)                            \
    X(OPERATOR, "operator", "operators", NONE)          /* name with its operand types */ \
    X(OPCLASS, "operator class", "operator classes", NONE)                   \
    X(OPFAMILY, "operator family", "operator families", NONE)                \
    X(CAST, "cast", "casts", NONE)                                           \
    X(TRANSFORM, "transform", "transforms", NONE)                            \
    X(ACCESS_METHOD, "access method", "access methods", NONE)                \
    X(TS_PARSER, "text search parser", "text search parsers", NONE)          \
    X(TS_TEMPLATE, "text search template", "text search templates", NONE)    \
    X(TS_DICTIONARY, "text search dictionary", "text search dictionaries", NONE) \
    X(TS_CONFIG, "text search configuration", "text search configurations", NONE) \
    X(EVENT_TRIGGER, "event trigger", "event triggers", NONE)                \
    X(PUBLICATION, "publication", "publications", NONE)                      \
    X(SUBSCRIPTION, "subscription", "subscriptions", NONE)                   \
    X(FDW, "foreign-data wrapper", "foreign-data wrappers", NONE)            \
    X(SERVER, "foreign server", "foreign servers", NONE)                     \
    X(USER_MAPPING, "user mapping", "user mappings", SERVER)                 \
    X(DEFAULT_ACL, "default privileges", "default privileges", NONE)         \
    X(ROLE, "role", "roles", NONE)

enum ls_fact_kind {
    LS_FACT_NONE,
#define X(e, w, p, parent) LS_FACT_##e,
    LS_FACTS(X)
#undef X
        LS_N_FACTS
};
const char *ls_fact_kind_name(enum ls_fact_kind k);
const char *ls_fact_kind_plural(enum ls_fact_kind k);
enum ls_fact_kind ls_fact_kind_find(const char *word); /* NONE: no such word */
/* TABLE for what hangs below a relation, SERVER for a user mapping, else NONE. */
enum ls_fact_kind ls_fact_kind_parent(enum ls_fact_kind k);

/* What an attribute is about; a comparison chooses the classes that count. */
enum ls_attr_class {
    LS_ATTR_MEANING,   /* always compared */
    LS_ATTR_ORDER,     /* where it stands among its siblings: shown apart */
    LS_ATTR_OWNER,     /* owner: optional */
    LS_ATTR_RIGHTS,    /* privileges: optional */
    LS_ATTR_COMMENT,   /* comments and security labels */
    LS_ATTR_NOTE       /* never compared: sizes, estimates, places, names as they were written */
};

/* X(enum, word, class). Values are text; a flag that is off is not there at all. Lists are joined by ", " in the order that counts. Expressions are as the
 * server prints them with an empty search path (PostgreSQL), or canonical tokens (SQLite). Attributes of one fact are kept in this order. */
#define LS_ATTRS(X)                                   \
    X(FORM, "form", MEANING)                  /* table: partitioned, foreign, virtual ("" = ordinary); constraint: primary key, unique, foreign key, check, exclusion, not null; trigger: constraint; function: window */ \
    X(TYPE, "type", MEANING)                  /* column, domain, composite's attributes, sequence, result of a function */ \
    X(NOT_NULL, "not null", MEANING)          /* "yes" */ \
    X(DEFAULT, "default", MEANING)                    \
    X(IDENTITY, "identity", MEANING)          /* "always", "by default" and the sequence's options that are not the default */ \
    X(GENERATED, "generated", MEANING)        /* "stored (expr)", "virtual (expr)" */ \
    X(COLLATION, "collation", MEANING)                \
    X(STORAGE, "storage", MEANING)                    \
    X(COMPRESSION, "compression", MEANING)            \
    X(STATISTICS_TARGET, "statistics target", MEANING) \
    X(OPTIONS, "options", MEANING)            /* storage parameters, attoptions (but pg_attver), view, server, mapping options */ \
    X(PERSISTENCE, "persistence", MEANING)    /* "unlogged", "temporary" */ \
    X(ACCESS_METHOD, "access method", MEANING)        \
    X(TABLESPACE, "tablespace", MEANING)              \
    X(REPLICA_IDENTITY, "replica identity", MEANING)  \
    X(ROW_SECURITY, "row security", MEANING)  /* "enabled", "enabled, forced" */ \
    X(INHERITS, "inherits", MEANING)                  \
    X(OF_TYPE, "of type", MEANING)                    \
    X(PARTITION_BY, "partition by", MEANING)          \
    X(PARTITION_OF, "partition of", MEANING)          \
    X(BOUND, "bound", MEANING)                        \
    X(SERVER, "server", MEANING)                      \
    X(KEY, "key", MEANING)                    /* columns of a constraint or index, with opclass, collation, order where not the default */ \
    X(INCLUDE, "include", MEANING)                    \
    X(UNIQUE, "unique", MEANING)                      \
    X(NULLS_NOT_DISTINCT, "nulls not distinct", MEANING) \
    X(PREDICATE, "predicate", MEANING)                \
    X(EXPRESSION, "expression", MEANING)      /* of a check */ \
    X(REFERENCES, "references", MEANING)      /* table and columns of a foreign key */ \
    X(MATCH, "match", MEANING)                        \
    X(ON_UPDATE, "on update", MEANING)                \
    X(ON_DELETE, "on delete", MEANING)                \
    X(DEFERRABLE, "deferrable", MEANING)      /* "deferrable", "initially deferred" */ \
    X(NO_INHERIT, "no inherit", MEANING)              \
    X(NOT_VALID, "not valid", MEANING)        /* constraint not validated; index invalid */ \
    X(NOT_ENFORCED, "not enforced", MEANING)          \
    X(CONFLICT, "on conflict", MEANING)       /* SQLite */ \
    X(CLUSTERED, "clustered", MEANING)                \
    X(METHOD, "method", MEANING)              /* index, statistics kinds, language of a function */ \
    X(LABELS, "labels", MEANING)              /* of an enum, in order, quoted */ \
    X(ATTRIBUTES, "attributes", MEANING)      /* of a composite, range, base type, operator, cast ... what has no attribute of its own here */ \
    X(ARGUMENTS, "arguments", MEANING)        /* of a function: with names, modes, defaults */ \
    X(VOLATILITY, "volatility", MEANING)              \
    X(SECURITY, "security", MEANING)          /* "definer" */ \
    X(BODY, "body", MEANING)                  /* function source, view query, rule action */ \
    X(TIMING, "timing", MEANING)              /* trigger: "before insert or update of a"; rule, policy: its event */ \
    X(LEVEL, "level", MEANING)                /* "row", "statement"; policy: "permissive", "restrictive" */ \
    X(WHEN, "when", MEANING)                          \
    X(CALLS, "calls", MEANING)                /* function that a trigger calls, with arguments */ \
    X(TRANSITION, "transition tables", MEANING)       \
    X(ENABLED, "enabled", MEANING)            /* "disabled", "replica", "always" */ \
    X(ROLES, "roles", MEANING)                        \
    X(USING, "using", MEANING)                        \
    X(WITH_CHECK, "with check", MEANING)              \
    X(OWNED_BY, "owned by", MEANING)          /* sequence: "schema.table.column" */ \
    X(STRICT, "strict", MEANING)              /* SQLite table; function */ \
    X(WITHOUT_ROWID, "without rowid", MEANING)        \
    X(AUTOINCREMENT, "autoincrement", MEANING)        \
    X(MODULE, "module", MEANING)              /* SQLite virtual table: module and arguments */ \
    X(SETTING, "setting", MEANING)            /* DATABASE: "application_id=1, encoding=UTF-8" */ \
    X(VERSION, "version", NOTE)               /* extension */ \
    X(POSITION, "position", ORDER)            /* column: from 1, without gaps */ \
    X(OWNER, "owner", OWNER)                          \
    X(RIGHTS, "privileges", RIGHTS)                   \
    X(COMMENT, "comment", COMMENT)                    \
    X(PARTS_COMMENT, "comment of parts", COMMENT) /* of a constraint's index, an identity's sequence; composite type: "a 'text', b 'text'" */ \
    X(LABEL, "security label", COMMENT)               \
    X(SYSTEM_NAME, "system name", NOTE)       /* "yes": the server made its name */ \
    X(PARTS, "parts", NOTE)                   /* what belongs to it: shadow tables of a virtual one */ \
    X(ROWS, "rows", NOTE)                     /* estimate */ \
    X(BYTES, "bytes", NOTE)                           \
    X(DEFINITION, "definition", NOTE)         /* the whole statement as the server or the file has it, where that is free */ \
    X(OID, "oid", NOTE)

enum ls_attr {
#define X(e, w, c) LS_A_##e,
    LS_ATTRS(X)
#undef X
        LS_N_ATTRS
};
const char *ls_attr_name(enum ls_attr a);
enum ls_attr_class ls_attr_class(enum ls_attr a);
enum ls_attr ls_attr_find(const char *word); /* LS_N_ATTRS: no such word */

struct ls_attr_value {
    enum ls_attr attr;
    const char *value;     /* never NULL */
};

#define LS_NO_FACT UINT32_MAX

struct ls_fact {
    enum ls_fact_kind kind;
    uint32_t parent_ix;    /* fact of the object that it hangs below, LS_NO_FACT none or not in the catalogue */
    const char *schema;    /* "" where there is none; SQLite "main" */
    const char *parent;    /* name of the table (domain, server) that it hangs below, else "" */
    const char *name;      /* SQLite's nameless constraints: their text */
    const struct ls_attr_value *attrs; /* sorted by attr */
    uint32_t n_attrs;
    uint64_t hash;         /* of its MEANING attributes, without kind and names: equal ones look alike whatever they are called */
};

/* One object needs another: a view its table, a foreign key the other table, a default a function. */
struct ls_dep {
    uint32_t from, to;     /* indices of facts; from needs to */
};

/* A renaming that a source itself has written down, of what led to it: of a relation, or of a column of `table` (NULL: a relation), as it was called then. */
struct ls_rename_hint {
    const char *schema;    /* "" where it says none */
    const char *table;
    const char *from, *to;
};

struct ls_catalog {
    struct ls_arena *arena;
    enum ls_dialect dialect;
    const char *source;    /* for people: "postgres app at db:5432", "dir migrations at 0042", "file schema.sql" */
    const char *server;    /* "PostgreSQL 15.20", "SQLite 3.40.1", "Drizzle snapshot 7"; "" unknown */
    int server_version;    /* 150020; 0 unknown */
    const struct ls_fact *facts; /* sorted by kind, schema, parent, name (bytes); no two alike */
    uint32_t n_facts;
    const struct ls_dep *deps;   /* sorted by from, to; no two alike, none to itself */
    uint32_t n_deps;
    const struct ls_dep *rdeps;  /* the same with `from` and `to` as they are, sorted by to, from: who needs me */
    struct ls_diags notes;       /* what was left out and why: no rights, kinds that are not modelled, versions */
    const struct ls_rename_hint *hints; /* in the order in which they were made; they count between two sources that keep such */
    size_t n_hints;
    const char *hints_of;        /* who says so: "Drizzle's own _meta"; NULL: this source keeps none */
    unsigned char lacks[LS_N_FACTS]; /* 1: this source cannot say anything about that kind (a Drizzle snapshot about triggers): not compared */
    unsigned char lacks_attr[LS_N_ATTRS]; /* the same of an attribute */
};
void ls_catalog_free(struct ls_catalog *c); /* NULL is fine */

/* By kind, schema, parent, name; SQLite's names are the same in any case of A-Z. */
int ls_fact_compare(enum ls_dialect d, const struct ls_fact *a, const struct ls_fact *b);
/* NULL: no such fact. O(log n). */
const struct ls_fact *ls_catalog_find(const struct ls_catalog *c, enum ls_fact_kind kind, const char *schema, const char *parent, const char *name);
/* Value of an attribute, NULL when it is not there. */
const char *ls_fact_get(const struct ls_fact *f, enum ls_attr a);
/* The facts of that kind below a relation, as first..first+n in c->facts. LS_FACT_NONE as kind is not allowed. O(log n). */
const struct ls_fact *ls_catalog_children(const struct ls_catalog *c, const struct ls_fact *of, enum ls_fact_kind kind, uint32_t *n);
/* All facts of a kind. */
const struct ls_fact *ls_catalog_kind(const struct ls_catalog *c, enum ls_fact_kind kind, uint32_t *n);
static inline uint32_t ls_catalog_index(const struct ls_catalog *c, const struct ls_fact *f)
{
    return (uint32_t)(f - c->facts);
}
/* What f needs (deps[..].to), and what needs it (rdeps[..].from). */
const struct ls_dep *ls_catalog_needs(const struct ls_catalog *c, uint32_t fact, uint32_t *n);
const struct ls_dep *ls_catalog_needed_by(const struct ls_catalog *c, uint32_t fact, uint32_t *n);
/* "table public.users", "column public.users.email", "function public.f(integer)"; schema "public" and "main" stay out with is_short. Appends raw bytes. */
struct ls_buf;
void ls_fact_label(const struct ls_fact *f, bool is_short, struct ls_buf *out);

/* --- building --- */
struct ls_catalog_builder;
struct ls_catalog_builder *ls_catalog_builder_new(enum ls_dialect dialect);
void ls_catalog_builder_free(struct ls_catalog_builder *b);
/* A new fact; its number, good until freeze. The same identity twice is kept once, with the attributes of the first (a note is made). */
uint32_t ls_catalog_add(struct ls_catalog_builder *b, enum ls_fact_kind kind, const char *schema, const char *parent, const char *name);
/* value NULL or "": not set. The last one wins. */
void ls_catalog_set(struct ls_catalog_builder *b, uint32_t fact, enum ls_attr a, const char *value);
/* from needs to. LS_NO_FACT on either side is ignored. */
void ls_catalog_depend(struct ls_catalog_builder *b, uint32_t from, uint32_t to);
void ls_catalog_note(struct ls_catalog_builder *b, enum ls_severity severity, const char *code, const char *message, const char *hint);
/* A copy in the builder's arena, one for equal strings. */
const char *ls_catalog_intern(struct ls_catalog_builder *b, const char *s);
struct ls_arena *ls_catalog_builder_arena(struct ls_catalog_builder *b);
/* How much was added so far; what came behind a place as bytes (facts and their attributes, no needs), and that added to another builder: the number of its
 * first fact. For a reader that has read the same before. */
struct ls_catalog_place {
    size_t facts, attrs;
};
struct ls_catalog_place ls_catalog_builder_place(const struct ls_catalog_builder *b);
void ls_catalog_builder_record(const struct ls_catalog_builder *b, struct ls_catalog_place from, struct ls_buf *out);
uint32_t ls_catalog_builder_replay(struct ls_catalog_builder *b, const char *bytes, size_t len);
/* Sorts, joins and freezes; the builder is gone. Strings are copied. */
struct ls_catalog *ls_catalog_freeze(struct ls_catalog_builder *b, const char *source, const char *server, int server_version);

#endif
