#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lockstep/diff/diff.h"
#include "tests/support/facts.h"

#define USERS                                                                                   \
    "table public users\n"                                                                      \
    "column public users.id type=bigint 'not null'=yes identity=always position=1\n"            \
    "column public users.email type='character varying(80)' position=2\n"                       \
    "column public users.type type=text 'not null'=yes position=3\n"                            \
    "constraint public users.users_pkey form='primary key' key=id 'system name'=yes\n"          \
    "constraint public users.users_type_check form=check expression=\"(type='x')\" 'system name'=yes\n" \
    "index public users.users_email key=email\n"

/* The differences as lines: sign and line. */
static char *lines(const struct ls_diff *d, bool with_implied)
{
    struct ls_buf b = LS_BUF_INIT;

    for (size_t i = 0; i < d->d.n; i++) {
        if (d->d.v[i].is_implied && !with_implied)
            continue;
        ls_difference_line(&d->d.v[i], &b);
        ls_buf_addf(&b, " [%s]\n", ls_impact_name(d->d.v[i].impact));
    }
    return ls_buf_detach(&b);
}

static void check_with(const char *a, const char *b, const struct ls_diff_opts *opts, const char *expected)
{
    struct ls_catalog *x = facts_catalog(LS_DIALECT_POSTGRES, "A", a), *y = facts_catalog(LS_DIALECT_POSTGRES, "B", b);
    struct ls_diff d;
    char *got;

    ls_diff_make(x, y, opts, &d);
    got = lines(&d, false);
    assert_string_equal(got, expected);
    free(got);
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
}

static void check(const char *a, const char *b, const char *expected)
{
    check_with(a, b, NULL, expected);
}

static void equal(void **state)
{
    (void)state;
    check(USERS, USERS, "");
    check("", "", "");
}

/* PostgreSQL cuts or refuses what does not fit, SQLite keeps text of any length and integers of one size. */
static void what_a_type_means(void **state)
{
    static const struct {
        const char *a, *b, *impact[2]; /* PostgreSQL, SQLite */
    } types[] = {{"varchar(80)", "varchar(8)", {"loses data", "cosmetic"}},
                 {"text", "varchar(8)", {"loses data", "cosmetic"}},
                 {"varchar(8)", "text", {"additive", "cosmetic"}},
                 {"bigint", "integer", {"loses data", "breaks reads"}},
                 {"integer", "text", {"breaks reads", "breaks reads"}}};

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(types) * 2; i++) {
        enum ls_dialect dialect = i % 2 == 0 ? LS_DIALECT_POSTGRES : LS_DIALECT_SQLITE;
        char text[2][128];
        struct ls_catalog *x, *y;
        struct ls_diff d;

        snprintf(text[0], sizeof(text[0]), "table s t\ncolumn s t.c type='%s' position=1\n", types[i / 2].a);
        snprintf(text[1], sizeof(text[1]), "table s t\ncolumn s t.c type='%s' position=1\n", types[i / 2].b);
        x = facts_catalog(dialect, "A", text[0]);
        y = facts_catalog(dialect, "B", text[1]);
        ls_diff_make(x, y, NULL, &d);
        assert_int_equal(d.d.n, 1);
        assert_string_equal(ls_impact_name(d.d.v[0].impact), types[i / 2].impact[i % 2]);
        ls_diff_release(&d);
        ls_catalog_free(x);
        ls_catalog_free(y);
    }
}

static void one_of_each_change(void **state)
{
    (void)state;
    check(USERS, USERS "table public teams\ncolumn public teams.id type=bigint position=1\n", "table teams added [additive]\n");
    check(USERS "table public teams\ncolumn public teams.id type=bigint position=1\n", USERS, "table teams removed [loses data]\n");
    check("table public t\ncolumn public t.a type=integer position=1\n", "table public t\ncolumn public t.a type=bigint position=1\n",
          "column t.a, type integer -> bigint [additive]\n");
    check("table public t\ncolumn public t.a type=bigint position=1\n", "table public t\ncolumn public t.a type=integer position=1\n",
          "column t.a, type bigint -> integer [loses data]\n");
    check("table public t\ncolumn public t.a type=text position=1\n",
          "table public t\ncolumn public t.a type=text 'not null'=yes position=1\n",
          "column t.a, not null (none) -> yes [breaks writes]\n");
    check("enum public e labels=\"'a', 'b'\"\n", "enum public e labels=\"'a', 'c', 'b'\"\n",
          "enum e, labels 'a', 'b' -> 'a', 'c', 'b' [additive]\n");
}

static void several_sides_mirror(void **state)
{
    struct ls_catalog *x = facts_catalog(LS_DIALECT_POSTGRES, "A", USERS "view public v body='select 1'\n");
    struct ls_catalog *y = facts_catalog(LS_DIALECT_POSTGRES, "B", "table public users\ncolumn public users.id type=integer position=1\nenum public mood labels=a\n");
    struct ls_diff d, r;

    (void)state;
    ls_diff_make(x, y, NULL, &d);
    ls_diff_make(y, x, NULL, &r);
    assert_int_equal(d.d.n, r.d.n);
    for (size_t i = 0; i < d.d.n; i++) {
        bool found = false;

        for (size_t k = 0; k < r.d.n && !found; k++)
            found = d.d.v[i].a == r.d.v[k].b && d.d.v[i].b == r.d.v[k].a && d.d.v[i].n_attrs == r.d.v[k].n_attrs;
        assert_true(found);
    }
    ls_diff_release(&d);
    ls_diff_release(&r);
    ls_catalog_free(x);
    ls_catalog_free(y);
}

static void column_renamed(void **state)
{
    struct ls_catalog *x = facts_catalog(LS_DIALECT_POSTGRES, "A", "table public keys\ncolumn public keys.id type=bigint position=1\n"
                                         "column public keys.type type=text 'not null'=yes position=2\n"
                                         "index public keys.keys_type_idx key=type\n"
                                         "constraint public keys.k form=check expression=\"(type <> 'a'::text)\"\n"
                                         "view public v body='SELECT keys.type FROM public.keys'\n"
                                         "needs view public v table public keys\n");
    struct ls_catalog *y = facts_catalog(LS_DIALECT_POSTGRES, "B", "table public keys\ncolumn public keys.id type=bigint position=1\n"
                                         "column public keys.key_type type=text 'not null'=yes position=2\n"
                                         "index public keys.keys_type_idx key=key_type\n"
                                         "constraint public keys.k form=check expression=\"(key_type <> 'a'::text)\"\n"
                                         "view public v body='SELECT keys.key_type FROM public.keys'\n");
    struct ls_diff_opts opts = {0};
    struct ls_rename_choice no = {"column public.keys.type", "column public.keys.key_type", false};
    struct ls_diff d;
    char *got;

    (void)state;
    ls_diff_make(x, y, NULL, &d);
    got = lines(&d, true);
    /* What only follows from it is no difference: index, check and view say the same with the new name. */
    assert_string_equal(got, "column keys.type renamed to key_type [breaks reads]\n");
    free(got);
    assert_int_equal(d.renames.n, 1);
    assert_int_equal(d.renames.v[0].state, LS_RENAME_PROPOSED);
    assert_true(d.renames.v[0].score > 0.7);
    assert_non_null(strstr(d.renames.v[0].evidence, "the same type"));
    ls_diff_release(&d);

    opts.choices = &no;
    opts.n_choices = 1;
    ls_diff_make(x, y, &opts, &d);
    assert_int_equal(d.renames.v[0].state, LS_RENAME_REJECTED);
    got = lines(&d, true);
    assert_non_null(strstr(got, "column keys.type removed [loses data]"));
    assert_non_null(strstr(got, "column keys.key_type added [breaks writes]"));
    assert_non_null(strstr(got, "index keys.keys_type_idx, key type -> key_type"));
    free(got);
    ls_diff_release(&d);

    no.is_accepted = true;
    ls_diff_make(x, y, &opts, &d);
    assert_int_equal(d.renames.v[0].state, LS_RENAME_ACCEPTED);
    assert_int_equal(d.d.n, 1);
    ls_diff_release(&d);
    opts = (struct ls_diff_opts){.without_renames = true};
    ls_diff_make(x, y, &opts, &d);
    assert_int_equal(d.renames.n, 0);
    assert_true(d.d.n > 2);
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
}

static void table_renamed_with_all_below(void **state)
{
    (void)state;
    check("table public agents\ncolumn public agents.id type=bigint position=1\ncolumn public agents.name type=text position=2\n"
          "column public agents.kind type=text position=3\nindex public agents.agents_name key=name\n"
          "constraint public agents.agents_pkey form='primary key' key=id\n"
          "table public runs\ncolumn public runs.agent_id type=bigint position=1\n"
          "constraint public runs.fk form='foreign key' key=agent_id references='public.agents(id)'\n",
          "table public agent_configurations\ncolumn public agent_configurations.id type=bigint position=1\n"
          "column public agent_configurations.name type=text position=2\ncolumn public agent_configurations.kind type=text position=3\n"
          "index public agent_configurations.agents_name key=name\n"
          "constraint public agent_configurations.agents_pkey form='primary key' key=id\n"
          "table public runs\ncolumn public runs.agent_id type=bigint position=1\n"
          "constraint public runs.fk form='foreign key' key=agent_id references='public.agent_configurations(id)'\n",
          "table agents renamed to agent_configurations [breaks reads]\n");
}

static void what_fits_twice_is_not_guessed(void **state)
{
    const char *a = "table public t\ncolumn public t.zzz type=text position=1\n";
    struct ls_catalog *x = facts_catalog(LS_DIALECT_POSTGRES, "A", a);
    struct ls_catalog *y = facts_catalog(LS_DIALECT_POSTGRES, "B", "table public t\ncolumn public t.zzz_a type=text position=1\n"
                                                                  "column public t.zzz_b type=text position=1\n");
    struct ls_diff d;

    (void)state;
    ls_diff_make(x, y, NULL, &d);
    assert_int_equal(d.renames.n, 1);
    assert_int_equal(d.renames.v[0].state, LS_RENAME_AMBIGUOUS);
    assert_int_equal(d.d.n, 3);
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
    /* Nothing alike but the type is no renaming. */
    check("table public t\ncolumn public t.price type='numeric(10,2)' position=1\n",
          "table public t\ncolumn public t.born_on type=date position=5\n",
          "column t.born_on added [additive]\ncolumn t.price removed [loses data]\n");
}

static void system_names_are_no_difference(void **state)
{
    (void)state;
    check("table public t\ncolumn public t.a type=text position=1\nconstraint public t.t_a_check form=check expression=x 'system name'=yes\n",
          "table public t\ncolumn public t.a type=text position=1\nconstraint public t.t_a_check1 form=check expression=x 'system name'=yes\n", "");
    check("table public t\ncolumn public t.a type=text position=1\nsequence public t_a_seq 'owned by'=public.t.a 'system name'=yes\n",
          "table public t\ncolumn public t.a type=text position=1\nsequence public t_a_seq1 'owned by'=public.t.a 'system name'=yes\n", "");
    /* Nor are they renamings of their own where a table or a column was renamed and took them along. */
    check("table public t\ncolumn public t.id type=integer default=\"nextval('t_id_seq')\" position=1\n"
          "column public t.a_id type=integer position=2\ncolumn public t.z type=text position=3\n"
          "constraint public t.t_a_id_fkey form='foreign key' key=a_id references='public.a(id)' 'system name'=yes\n"
          "sequence public t_id_seq type=integer 'owned by'=public.t.id 'system name'=yes\n",
          "table public t\ncolumn public t.id type=integer default=\"nextval('t_id_seq')\" position=1\n"
          "column public t.owner_id type=integer position=2\ncolumn public t.z type=text position=3\n"
          "constraint public t.t_owner_id_fkey form='foreign key' key=owner_id references='public.a(id)' 'system name'=yes\n"
          "sequence public t_id_seq type=integer 'owned by'=public.t.id 'system name'=yes\n",
          "column t.a_id renamed to owner_id [breaks reads]\n");
    check("table public t\ncolumn public t.id type=integer position=1\ncolumn public t.z type=text position=2\n"
          "sequence public t_id_seq type=integer 'owned by'=public.t.id 'system name'=yes\n",
          "table public things\ncolumn public things.id type=integer position=1\ncolumn public things.z type=text position=2\n"
          "sequence public things_id_seq type=integer 'owned by'=public.things.id 'system name'=yes\n",
          "table t renamed to things [breaks reads]\n");
}

static void views_of_sqlite_are_renamed_too(void **state)
{
    struct ls_catalog *x = facts_catalog(LS_DIALECT_SQLITE, "A", "view main active body='select id from t'\n");
    struct ls_catalog *y = facts_catalog(LS_DIALECT_SQLITE, "B", "view main active_users body='select id from t'\n");
    struct ls_catalog *z = facts_catalog(LS_DIALECT_SQLITE, "C", "view main active_users body='select id from u'\n");
    struct ls_diff d;
    char *got;

    (void)state;
    ls_diff_make(x, y, NULL, &d);
    got = lines(&d, false);
    assert_string_equal(got, "view active renamed to active_users [breaks reads]\n");
    free(got);
    ls_diff_release(&d);
    ls_diff_make(x, z, NULL, &d);
    assert_int_equal(d.renames.n, 0);
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
    ls_catalog_free(z);
}

static void a_wider_type_is_still_like_the_old_one(void **state)
{
    (void)state;
    check("table public o\ncolumn public o.amount type=integer 'not null'=yes position=1\ncolumn public o.note type=text position=2\n",
          "table public o\ncolumn public o.amount_cents type=bigint 'not null'=yes position=1\ncolumn public o.note type=text position=2\n",
          "column o.amount renamed to amount_cents, type integer -> bigint [breaks reads]\n");
    check("table public o\ncolumn public o.amount type=integer 'not null'=yes position=1\ncolumn public o.note type=text position=2\n",
          "table public o\ncolumn public o.amount_text type=date 'not null'=yes position=1\ncolumn public o.note type=text position=2\n",
          "column o.amount removed [loses data]\ncolumn o.amount_text added [breaks writes]\n");
}

static void order_is_apart(void **state)
{
    const char *a = "table public t\ncolumn public t.a type=text position=1\ncolumn public t.b type=text position=2\n";
    const char *b = "table public t\ncolumn public t.a type=text position=2\ncolumn public t.b type=text position=1\n";
    const char *later = "table public t\ncolumn public t.new type=text position=1\ncolumn public t.a type=text position=2\ncolumn public t.b type=text position=3\n";
    struct ls_diff_opts opts = {.with_order = true};
    struct ls_catalog *x = facts_catalog(LS_DIALECT_POSTGRES, "A", a), *y = facts_catalog(LS_DIALECT_POSTGRES, "B", b);
    struct ls_diff d;

    (void)state;
    ls_diff_make(x, y, NULL, &d);
    assert_true(ls_diff_is_equal(&d));
    assert_int_equal(d.notes.d.n, 1);
    assert_string_equal(d.notes.d.v[0].code, "column-order");
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
    check_with(a, b, &opts, "table t, position a, b -> b, a [cosmetic]\n");
    check_with(a, later, &opts, "column t.new added [additive]\n");
}

static void options_choose_what_counts(void **state)
{
    const char *a = "table public t owner=ann privileges='ann=arwd' comment=old\n", *b = "table public t owner=bob privileges='bob=r' comment=new\n";
    struct ls_diff_ignore ignore[] = {{NULL, "t", "comment"}};
    struct ls_diff_opts owner = {.with_owner = true, .without_comments = true}, rights = {.with_rights = true, .without_comments = true};
    struct ls_diff_opts ignoring = {.ignore = ignore, .n_ignore = 1};
    struct ls_diff_ignore tables[] = {{"table", "tmp_*", NULL}};
    struct ls_diff_opts no_tmp = {.ignore = tables, .n_ignore = 1};

    (void)state;
    check(a, b, "table t, comment old -> new [cosmetic]\n");
    check_with(a, b, &owner, "table t, owner ann -> bob [security]\n");
    check_with(a, b, &rights, "table t, privileges ann=arwd -> bob=r [security]\n");
    check_with(a, b, &ignoring, "");
    check_with("", "table public tmp_1\ntable public kept\n", &no_tmp, "table kept added [additive]\n");
    check_with("table public tmp_2\ncolumn public tmp_2.a type=text\ntable public u\n",
               "table public tmp_1\ncolumn public tmp_1.a type=text\nindex public tmp_1.i key=a\ntable public tmp_2\ncolumn public tmp_2.a type=date\n"
               "table public u\ncolumn public u.tmp_c type=text\n",
               &no_tmp, "column u.tmp_c added [additive]\n");
}

static void dependants_are_counted(void **state)
{
    struct ls_catalog *x = facts_catalog(LS_DIALECT_POSTGRES, "A", "table public t\nview public v body=x\nview public w body=y\n"
                                         "needs view public v table public t\nneeds view public w view public v\n");
    struct ls_catalog *y = facts_catalog(LS_DIALECT_POSTGRES, "B", "view public v body=x\nview public w body=y\n");
    struct ls_diff d;

    (void)state;
    ls_diff_make(x, y, NULL, &d);
    assert_int_equal(d.d.n, 1);
    assert_int_equal(d.d.v[0].n_dependants, 2);
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
}

/* The sequence of a column comes and goes with its table; of one that stays it is a difference of its own. */
static void own_sequences_are_implied(void **state)
{
#define SERIAL "table public 'T a'\ncolumn public 'T a.c' type=bigint position=1\nsequence public s 'owned by'='public.\"T a\".c'\n"
    (void)state;
    check(SERIAL, "view public v\n", "table T a removed [loses data]\nview v added [additive]\n");
    check("view public v\n", SERIAL, "table T a added [additive]\nview v removed [breaks reads]\n");
    check(SERIAL, "table public 'T a'\ncolumn public 'T a.c' type=bigint position=1\n", "sequence s removed [breaks writes]\n");
}

static void sides_of_one_name_are_told_apart(void **state)
{
    struct ls_catalog *x = facts_catalog(LS_DIALECT_POSTGRES, "db", "table public t\n"), *y = facts_catalog(LS_DIALECT_POSTGRES, "db", "table public u\n");
    struct ls_buf b = LS_BUF_INIT;
    struct ls_diff d;

    (void)state;
    ls_diff_make(x, y, NULL, &d);
    ls_diff_print_summary(&d, &b);
    assert_non_null(strstr(b.ptr, "In A: db, missing in B: db:\n  Missing tables             t\n"));
    assert_non_null(strstr(b.ptr, "In B: db, missing in A: db:\n  Missing tables             u\n"));
    ls_buf_clear(&b);
    ls_diff_print_unified(&d, &b);
    assert_non_null(strstr(b.ptr, "--- A: db\n+++ B: db\n"));
    ls_buf_release(&b);
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
}

static void what_one_side_cannot_say_is_said(void **state)
{
    struct ls_catalog *x = facts_catalog(LS_DIALECT_POSTGRES, "A", "table public t\ntrigger public t.g timing=before\n");
    struct ls_catalog *y = facts_catalog(LS_DIALECT_POSTGRES, "B", "table public t\n");
    struct ls_diff d;

    (void)state;
    y->lacks[LS_FACT_TRIGGER] = 1;
    ls_diff_make(x, y, NULL, &d);
    assert_true(ls_diff_is_equal(&d));
    assert_int_equal(d.notes.d.n, 1);
    assert_non_null(strstr(d.notes.d.v[0].message, "triggers"));
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
}

static void texts(void **state)
{
    struct ls_catalog *x = facts_catalog(LS_DIALECT_POSTGRES, "prod", "table public t\ncolumn public t.a type=text position=1\n"
                                         "constraint public t.c form=check expression=\"(a IN ('x', 'y'))\"\n"
                                         "table public gone\ncolumn public gone.id type=bigint position=1\n");
    struct ls_catalog *y = facts_catalog(LS_DIALECT_POSTGRES, "stage", "table public t\ncolumn public t.a type=text position=1\n"
                                         "column public t.'b|c' type=text position=2\n"
                                         "constraint public t.c form=check expression=\"(a IN ('x', 'z'))\"\n");
    struct ls_buf b = LS_BUF_INIT;
    struct ls_diff d;

    (void)state;
    ls_diff_make(x, y, NULL, &d);
    ls_diff_print_summary(&d, &b);
    assert_non_null(strstr(b.ptr, "Differences: 1 table, 1 column, 1 constraint\n"));
    assert_non_null(strstr(b.ptr, "In prod, missing in stage:\n  Missing tables             gone\n"));
    assert_non_null(strstr(b.ptr, "In stage, missing in prod:\n  Missing columns            t ("));
    assert_non_null(strstr(b.ptr, "(values: -'y' +'z')"));
    ls_buf_clear(&b);
    ls_diff_print_tree(&d, true, &b);
    assert_non_null(strstr(b.ptr, "- table gone  [loses data: its rows are gone]\n"));
    assert_non_null(strstr(b.ptr, "  table t\n"));
    ls_buf_clear(&b);
    ls_diff_print_unified(&d, &b);
    assert_non_null(strstr(b.ptr, "--- prod\n+++ stage\n"));
    assert_non_null(strstr(b.ptr, "@@ constraint public.t.c @@\n expression:\n-(a IN ('x', 'y'))\n+(a IN ('x', 'z'))\n"));
    ls_buf_clear(&b);
    ls_diff_print_markdown(&d, &b);
    assert_non_null(strstr(b.ptr, "| - | table gone |"));
    assert_null(strstr(b.ptr, "b|c"));
    ls_buf_release(&b);
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
}

/* A control character within a name begins no line; a name is no markup; what is only proposed is not told as certain. */
static void hostile_names_stay_in_their_line(void **state)
{
    struct ls_catalog *x = facts_catalog(LS_DIALECT_POSTGRES, "A", "table public t\ncolumn public t.keep type=text position=1\n"
                                         "column public t.type type=text 'not null'=yes position=2\ncolumn public t.z type=date position=3\n");
    struct ls_catalog *y = facts_catalog(LS_DIALECT_POSTGRES, "B", "table public t\ncolumn public t.keep type=text position=1\n"
                                         "column public t.key_type type=text 'not null'=yes position=2\ncolumn public t.z type=date position=3\n"
                                         "table public 'no differences|<img src=x>[a](b)'\n");
    struct ls_buf b = LS_BUF_INIT;
    struct ls_diff d;

    (void)state;
    for (uint32_t i = 0; i < y->n_facts; i++)
        if (strstr(y->facts[i].name, "<img"))
            ((struct ls_fact *)(uintptr_t)&y->facts[i])->name = "x\nno differences|<img src=x>[a](b)";
    ls_diff_make(x, y, NULL, &d);
    assert_true(d.renames.n > 0);
    for (int i = 0; i < 4; i++) {
        ls_buf_clear(&b);
        if (i == 0)
            ls_diff_print_tree(&d, true, &b);
        else if (i == 1)
            ls_diff_print_unified(&d, &b);
        else if (i == 2)
            ls_diff_print_summary(&d, &b);
        else
            ls_diff_print_markdown(&d, &b);
        assert_null(strstr(b.ptr, "\nno differences"));
        assert_non_null(strstr(b.ptr, " ? "));
        assert_non_null(strstr(b.ptr, i < 3 ? "x<0A>no differences" : "x&lt;0A>no differences\\|&lt;img src=x>\\[a\\](b)"));
    }
    ls_buf_release(&b);
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
}

/* A line shows what differs: of a long value the part where it does, of several lines their number. */
static void long_values_show_where_they_part(void **state)
{
#define LONG "length(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) "
    struct ls_catalog *x = facts_catalog(LS_DIALECT_POSTGRES, "A", "function public 'f()' body=x\ntable public t\n"
                                         "constraint public t.c form=check expression='" LONG "> 1'\n");
    struct ls_catalog *y = facts_catalog(LS_DIALECT_POSTGRES, "B", "function public 'f()' body=y\ntable public t\n"
                                         "constraint public t.c form=check expression='" LONG "> 2'\n");
    struct ls_attr_change lines = {.attr = LS_A_BODY, .a = "\nbegin\n  one;\nend\n", .b = "\nbegin\n  one;\n  two;\nend"};
    struct ls_buf b = LS_BUF_INIT;
    struct ls_diff d;

    (void)state;
    ls_diff_make(x, y, NULL, &d);
    assert_int_equal(d.d.n, 2);
    ls_difference_line(&d.d.v[1], &b);
    assert_string_equal(b.ptr, "constraint t.c, expression ...aaaaaaaaaaaaaaaa) > 1 -> ...aaaaaaaaaaaaaaaa) > 2");
    ls_buf_clear(&b);
    d.d.v[0].attrs = &lines;
    ls_difference_line(&d.d.v[0], &b);
    assert_string_equal(b.ptr, "function f(), body (3 lines) -> (4 lines)");
    ls_buf_release(&b);
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
}

/* No kind is left out of a summary, and a check without a name is the same check with other values. */
static void summaries_leave_nothing_out(void **state)
{
    struct ls_catalog *x = facts_catalog(LS_DIALECT_SQLITE, "A", "table main t\nconstraint main 't.check (s IN (1))' form=check "
                                         "expression=\"(s IN ('new', 'it''s'))\"\n");
    struct ls_catalog *y = facts_catalog(LS_DIALECT_SQLITE, "B", "table main t\nconstraint main 't.check (s IN (2))' form=check "
                                         "expression=\"(s IN ('new', 'paid', 'void'))\"\n"
                                         "publication '' p\nrule main t.r\naggregate main total\n");
    struct ls_buf b = LS_BUF_INIT;
    struct ls_diff d;

    (void)state;
    ls_diff_make(x, y, NULL, &d);
    ls_diff_print_summary(&d, &b);
    assert_string_equal(strstr(b.ptr, "In B"), "In B, missing in A:\n"
                        "  Missing rules              t (r)\n"
                        "  Missing aggregates         total\n"
                        "  Missing publications       p\n"
                        "In both, and different:\n"
                        "  constraint t.check (s IN (1))  (values: -'it''s' +'paid' +'void')\n");
    ls_buf_clear(&b);
    ls_diff_print_tree(&d, false, &b);
    assert_non_null(strstr(b.ptr, "  ├─ - constraint"));
    assert_non_null(strstr(b.ptr, "  └─ + rule r"));
    ls_buf_clear(&b);
    ls_diff_print_markdown(&d, &b);
    assert_non_null(strstr(b.ptr, "## In B, missing in A\n\n| | |\n|---|---|\n| Missing rules | t (r) |\n"));
    ls_buf_release(&b);
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
}

/* The same broken reference on both sides is told once. */
static void notes_of_both_sides_are_told_once(void **state)
{
    struct ls_catalog *x = facts_catalog(LS_DIALECT_POSTGRES, "A", ""), *y = facts_catalog(LS_DIALECT_POSTGRES, "B", "");
    struct ls_diag broken = {.severity = LS_SEV_WARNING, .code = "broken-reference", .message = "f names g"}, other = broken;
    struct ls_diff d;

    (void)state;
    other.message = "f names h";
    *LS_VEC_PUSH(&x->notes.d) = broken;
    *LS_VEC_PUSH(&y->notes.d) = other;
    *LS_VEC_PUSH(&y->notes.d) = broken;
    ls_diff_make(x, y, NULL, &d);
    assert_int_equal(d.notes.d.n, 2);
    assert_string_equal(d.notes.d.v[0].message, "both sides: f names g");
    assert_string_equal(d.notes.d.v[1].message, "B: f names h");
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal),
        cmocka_unit_test(one_of_each_change),
        cmocka_unit_test(what_a_type_means),
        cmocka_unit_test(several_sides_mirror),
        cmocka_unit_test(column_renamed),
        cmocka_unit_test(table_renamed_with_all_below),
        cmocka_unit_test(what_fits_twice_is_not_guessed),
        cmocka_unit_test(system_names_are_no_difference),
        cmocka_unit_test(views_of_sqlite_are_renamed_too),
        cmocka_unit_test(a_wider_type_is_still_like_the_old_one),
        cmocka_unit_test(order_is_apart),
        cmocka_unit_test(options_choose_what_counts),
        cmocka_unit_test(dependants_are_counted),
        cmocka_unit_test(own_sequences_are_implied),
        cmocka_unit_test(sides_of_one_name_are_told_apart),
        cmocka_unit_test(what_one_side_cannot_say_is_said),
        cmocka_unit_test(hostile_names_stay_in_their_line),
        cmocka_unit_test(long_values_show_where_they_part),
        cmocka_unit_test(summaries_leave_nothing_out),
        cmocka_unit_test(notes_of_both_sides_are_told_once),
        cmocka_unit_test(texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
