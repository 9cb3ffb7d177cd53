#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/journal_priv.h"
#include "support/engine.h"

static void folder(struct ops *o)
{
    ops_put(o, "migrations/001_a.up.sql", "CREATE TABLE a (id int);");
    ops_put(o, "migrations/001_a.down.sql", "DROP TABLE a;");
    ops_put(o, "migrations/002_b.up.sql", "CREATE TABLE b (id int);");
    ops_put(o, "migrations/002_b.down.sql", "DROP TABLE b;");
}

static void read_all(struct ops *o, struct ls_journal *j)
{
    ops_ok(ls_journal_read(o->s, 0, j, err));
}

static void events_are(struct ops *o, const char *expected)
{
    struct ls_buf b = LS_BUF_INIT;
    struct ls_journal j;

    read_all(o, &j);
    for (size_t i = 0; i < j.rows.n; i++)
        ls_buf_addf(&b, "%s%s%s%s", i > 0 ? ", " : "", j.rows.v[i].event, j.rows.v[i].version != NULL ? " " : "",
                    j.rows.v[i].version != NULL ? j.rows.v[i].version : "");
    assert_string_equal(b.ptr, expected);
    assert_int_equal(j.first_broken_seq, 0);
    ls_buf_release(&b);
    ls_journal_release(&j);
}

static void every_run_is_recorded(bool pg)
{
    struct ls_run_report rep;
    struct ls_journal j;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    folder(&o);
    read_all(&o, &j);
    assert_false(j.exists);
    assert_int_equal(j.rows.n, 0);
    ls_journal_release(&j);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_OK);
    assert_true(rep.run_id[0] != '\0');
    events_are(&o, "run_begin, applied 001, applied 002, run_end");
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "2");
    events_are(&o, "run_begin, applied 001, applied 002, run_end, run_begin, reverted 002, run_end, run_begin, recorded 002, run_end");
    read_all(&o, &j);
    assert_string_equal(j.rows.v[1].run_id, rep.run_id);
    assert_string_equal(j.rows.v[1].operator_name, "tester");
    assert_string_equal(j.rows.v[1].result, "ok");
    assert_string_equal(j.rows.v[1].direction, "up");
    assert_true(j.rows.v[1].duration_ms >= 0);
    assert_int_equal(strlen(j.rows.v[1].plan_digest), 64);
    assert_string_equal(j.rows.v[3].result, "done");
    assert_string_equal(j.rows.v[3].detail, "2 of 2 steps");
    ls_journal_release(&j);
    ls_run_report_release(&rep);
    ops_close(&o);
}
ENG_BOTH(every_run_is_recorded)

static void intents_and_failures(bool pg)
{
    struct ls_run_report rep;
    struct ls_journal j;
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    folder(&o);
    ops_put(&o, "migrations/003_c.up.sql", "CRATE TABLE c (id int);");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    ls_run_report_release(&rep);
    events_are(&o, "run_begin, intent 001, applied 001, intent 002, applied 002, intent 003, failed 003, run_end");
    read_all(&o, &j);
    assert_null(j.rows.v[5].result);
    assert_string_equal(j.rows.v[6].result, "dirty");
    eng_has(j.rows.v[6].detail, "CRATE");
    assert_string_equal(j.rows.v[7].result, "dirty");
    ls_journal_release(&j);
    ops_close(&o);
}
ENG_BOTH(intents_and_failures)

/* No escape sequence of a failing statement's message gets into the record. */
static void failures_are_recorded_clean(void **state)
{
    struct ls_run_report rep;
    struct ls_journal j;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE t (x CHECK (x = 1)); INSERT INTO \"no\x1b[31m such\" VALUES (1);");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_FAILED);
    ls_run_report_release(&rep);
    read_all(&o, &j);
    assert_string_equal(j.rows.v[1].event, "failed");
    assert_string_equal(j.rows.v[1].result, "rolled back");
    assert_null(strchr(j.rows.v[1].detail, '\x1b'));
    eng_has(j.rows.v[1].detail, "<1B>[31m");
    ls_journal_release(&j);
    ops_close(&o);
}

/* The server's words may hold what the file holds; the journal is read by more people than the file's author. */
static void failures_are_recorded_without_secrets(bool pg)
{
    struct ls_run_report rep;
    struct ls_journal j;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    ops_put(&o, "migrations/001_a.up.sql", "SELECT * FROM \"password=s3cret\";\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_FAILED);
    ls_run_report_release(&rep);
    read_all(&o, &j);
    assert_string_equal(j.rows.v[1].event, "failed");
    eng_has(j.rows.v[1].detail, "password=***");
    assert_null(strstr(j.rows.v[1].detail, "s3cret"));
    ls_journal_release(&j);
    ops_close(&o);
}
ENG_BOTH(failures_are_recorded_without_secrets)

static void journal_off_touches_no_table(bool pg)
{
    struct ls_session_params sp;
    struct ls_session *keep;
    struct ls_run_report rep;
    struct ls_journal j;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    folder(&o);
    sp = *ls_session_params(o.s);
    sp.journal = false;
    keep = o.s;
    o.s = ls_session_new(&sp);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_OK);
    assert_string_equal(rep.run_id, "");
    ls_run_report_release(&rep);
    read_all(&o, &j);
    assert_false(j.exists);
    ls_journal_release(&j);
    ls_session_free(o.s);
    o.s = keep;
    ops_close(&o);
}
ENG_BOTH(journal_off_touches_no_table)

static void no_rights_for_the_journal(void **state)
{
    struct ls_session_params sp;
    struct ls_session *keep;
    struct ls_run_report rep;
    struct ops o;
    char *url;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "lockstep", true);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    ops_sql(&o, "DO $$ BEGIN CREATE ROLE eng_writer LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; "
                "GRANT ALL ON schema_migrations TO eng_writer; GRANT CREATE ON SCHEMA public TO eng_writer; ");
    url = ls_asprintf("%s&user=eng_writer", o.url);
    sp = *ls_session_params(o.s);
    sp.url = url;
    keep = o.s;
    o.s = ls_session_new(&sp);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_RIGHTS);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    eng_has(rep.err.hint, "--no-journal");
    ls_run_report_release(&rep);
    ls_session_free(o.s);
    sp.journal = false;
    o.s = ls_session_new(&sp);
    eng_run(&o, LS_ACTION_UP, -1, NULL); /* declined, it needs no rights */
    ls_session_free(o.s);
    o.s = keep;
    free(url);
    ops_close(&o);
}

static void broken_at(struct ops *o, const char *sql, int64_t seq)
{
    struct ls_journal j;

    ops_sql(o, sql);
    read_all(o, &j);
    assert_int_equal(j.first_broken_seq, seq);
    ls_journal_release(&j);
}

/* Whatever is changed, taken out or put in: the first row that does not fit is named. */
static void the_chain_shows_every_change(bool pg)
{
    static const char *const columns[] = {"run_id", "event", "version", "name", "direction", "at", "operator", "host", "tool", "result", "detail",
                                          "plan_digest", "prev_hash", "hash"};
    struct ops o;

    ops_open(&o, "lockstep", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_sql(&o, "CREATE TABLE keep AS SELECT * FROM lockstep_journal");
    broken_at(&o, "SELECT 1", 0);
    for (size_t i = 0; i < LS_ARRAY_LEN(columns); i++) {
        char *sql = ls_asprintf("UPDATE lockstep_journal SET \"%s\" = 'forged' WHERE seq = 2", columns[i]);

        broken_at(&o, sql, 2);
        free(sql);
        broken_at(&o, "DELETE FROM lockstep_journal; INSERT INTO lockstep_journal SELECT * FROM keep;", 0);
    }
    broken_at(&o, "UPDATE lockstep_journal SET duration_ms = 99999 WHERE seq = 3", 3);
    broken_at(&o, "DELETE FROM lockstep_journal; INSERT INTO lockstep_journal SELECT * FROM keep;", 0);
    broken_at(&o, "UPDATE lockstep_journal SET version = NULL WHERE seq = 2", 2);
    broken_at(&o, "DELETE FROM lockstep_journal; INSERT INTO lockstep_journal SELECT * FROM keep;", 0);
    broken_at(&o, "DELETE FROM lockstep_journal WHERE seq = 2", 3);
    broken_at(&o, "DELETE FROM lockstep_journal; INSERT INTO lockstep_journal SELECT * FROM keep WHERE seq > 1;", 2);
    ops_close(&o);
}
ENG_BOTH(the_chain_shows_every_change)

/* Everything in a row but its own hash, and the hash in front of it: also where nobody compares that one with the row before. */
static void a_row_answers_for_every_column(void **state)
{
    const char *cells[LS_JOURNAL_COLUMNS];
    char whole[LS_SHA256_HEX], changed[LS_SHA256_HEX];

    (void)state;
    for (int i = 0; i < LS_JOURNAL_COLUMNS; i++)
        cells[i] = "x";
    ls_journal_hash(cells, whole);
    for (int i = 0; i < LS_JOURNAL_COLUMNS - 1; i++) {
        static const char *const others[] = {"y", "", NULL};

        for (size_t k = 0; k < LS_ARRAY_LEN(others); k++) {
            cells[i] = others[k];
            ls_journal_hash(cells, changed);
            if (strcmp(whole, changed) == 0)
                fail_msg("%s may be changed", ls_journal_columns[i]);
        }
        cells[i] = "x";
    }
    cells[LS_JOURNAL_COLUMNS - 1] = "y";
    ls_journal_hash(cells, changed);
    assert_string_equal(whole, changed);
}

/* The oldest row that was read lends its hash only, and is not shown: its own link is in its hash. */
static void a_link_that_is_not_shown(bool pg)
{
    struct ls_journal j;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_sql(&o, "UPDATE lockstep_journal SET prev_hash = 'x' WHERE seq = 3");
    ops_ok(ls_journal_read(o.s, 1, &j, err));
    assert_int_equal(j.rows.n, 1);
    assert_int_equal(j.first_broken_seq, 3);
    ls_journal_release(&j);
    ops_close(&o);
}
ENG_BOTH(a_link_that_is_not_shown)

/* Links the chain anew from a beginning of somebody's choice: each row fits to the one before. */
static void link_anew(struct ops *o, const char *beginning)
{
    struct ls_db_params p = {.url = o->url};
    char hash[LS_SHA256_HEX];
    struct ls_db *db = NULL;
    struct ls_result r = {0};
    struct ls_buf sql = LS_BUF_INIT;

    snprintf(hash, sizeof hash, "%s", beginning);
    ls_buf_adds(&sql, "SELECT ");
    for (int c = 0; c < LS_JOURNAL_COLUMNS; c++)
        ls_buf_addf(&sql, "%s\"%s\"", c > 0 ? ", " : "", ls_journal_columns[c]);
    ls_buf_adds(&sql, " FROM lockstep_journal ORDER BY seq");
    ops_ok(ls_db_open(&p, &db, err));
    ops_ok(ls_db_query(db, sql.ptr, NULL, 0, &r, err));
    for (size_t i = 0; i < r.n_rows; i++) {
        const char *cells[LS_JOURNAL_COLUMNS];
        char before[LS_SHA256_HEX];

        memcpy(before, hash, sizeof before);
        for (int c = 0; c < LS_JOURNAL_COLUMNS; c++)
            cells[c] = ls_result_get(&r, i, c);
        cells[LS_JOURNAL_COLUMNS - 2] = before;
        ls_journal_hash(cells, hash);
        ls_buf_clear(&sql);
        ls_buf_addf(&sql, "UPDATE lockstep_journal SET prev_hash = '%s', hash = '%s' WHERE seq = %s", before, hash, cells[0]);
        ops_ok(ls_db_exec(db, sql.ptr, sql.len, NULL, 0, NULL, err));
    }
    ls_result_release(&r);
    ls_db_close(db);
    ls_buf_release(&sql);
}

/* It begins where a journal begins, and nowhere else, however well the rest fits. */
static void the_first_link(bool pg)
{
    char hex[LS_SHA256_HEX];
    struct ls_journal j;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    read_all(&o, &j);
    ls_journal_genesis(NULL, hex);
    assert_string_equal(j.rows.v[0].prev_hash, hex);
    ls_journal_release(&j);
    ls_sha256_hex("another beginning", 17, hex);
    link_anew(&o, hex);
    read_all(&o, &j);
    assert_false(j.rows.v[0].chain_ok);
    assert_true(j.rows.v[1].chain_ok);
    assert_int_equal(j.first_broken_seq, 1);
    ls_journal_release(&j);
    /* All rows were asked for, by number. */
    ops_ok(ls_journal_read(o.s, 4, &j, err));
    assert_int_equal(j.first_broken_seq, 1);
    ls_journal_release(&j);
    /* As the first builds began it. */
    ops_ok(ls_session_connect(o.s, err));
    ls_journal_genesis(ls_db_info(ls_session_db(o.s)), hex);
    link_anew(&o, hex);
    read_all(&o, &j);
    assert_int_equal(j.first_broken_seq, 0);
    ls_journal_release(&j);
    ops_close(&o);
}
ENG_BOTH(the_first_link)

/* Another path to the same file, or the file under another name: the same journal. */
static void a_journal_moves_with_its_file(void **state)
{
    struct ls_journal j;
    struct ops o;
    char *from, *to;

    (void)state;
    ops_open(&o, "lockstep", false);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    ls_session_disconnect(o.s);
    from = ops_path(&o, "app.db");
    to = ops_path(&o, "other.db");
    assert_int_equal(rename(from, to), 0);
    free(o.url);
    o.url = ls_asprintf("sqlite:%s/../%s/other.db", o.top, ls_path_base(o.top));
    ops_session(&o, "lockstep");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    read_all(&o, &j);
    assert_int_equal(j.rows.n, 6);
    assert_int_equal(j.first_broken_seq, 0);
    ls_journal_release(&j);
    free(from);
    free(to);
    ops_close(&o);
}

static void the_newest_rows(bool pg)
{
    struct ls_journal j;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_ok(ls_journal_read(o.s, 2, &j, err));
    assert_int_equal(j.rows.n, 2);
    assert_int_equal(j.rows.v[0].seq, 3);
    assert_true(j.rows.v[0].chain_ok);
    assert_int_equal(j.first_broken_seq, 0);
    ls_journal_release(&j);
    ops_sql(&o, "UPDATE lockstep_journal SET hash = 'x' WHERE seq = 2");
    ops_ok(ls_journal_read(o.s, 2, &j, err));
    assert_false(j.rows.v[0].chain_ok); /* its link to a row that is not shown */
    ls_journal_release(&j);
    ops_close(&o);
}
ENG_BOTH(the_newest_rows)

/* The chain goes on where another run left it. */
static void two_sessions_one_chain(bool pg)
{
    struct ls_session *keep;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    keep = o.s;
    o.s = ls_session_new(ls_session_params(keep));
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ls_session_free(o.s);
    o.s = keep;
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    events_are(&o, "run_begin, applied 001, run_end, run_begin, applied 002, run_end, run_begin, reverted 002, run_end");
    ops_close(&o);
}
ENG_BOTH(two_sessions_one_chain)

/* SQLite knows no lock of operators: between two transactions of a run another one may come in, and leave its rows. */
static void come_between(void *ctx, const struct ls_event *ev)
{
    struct ops other = *(struct ops *)ctx;

    if (ev->kind != LS_EV_STEP_BEGIN || ev->step != 1)
        return;
    other.s = ls_session_new(ls_session_params(other.s));
    eng_run(&other, LS_ACTION_MARK_APPLIED, 0, "3");
    ls_session_free(other.s);
}

static void another_run_in_between(void **state)
{
    struct ls_run_report rep;
    struct ops o;
    struct ls_run_hooks hooks = {.on_event = come_between, .ctx = &o};

    (void)state;
    ops_open(&o, "lockstep", false);
    folder(&o);
    ops_put(&o, "migrations/003_c.up.sql", "CREATE TABLE c (id int);");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, 2, NULL, &hooks, &rep), LS_OK);
    assert_int_equal(rep.verdict, LS_VERDICT_DONE);
    ls_run_report_release(&rep);
    events_are(&o, "run_begin, applied 001, run_begin, recorded 003, run_end, applied 002, run_end");
    ops_close(&o);
}

/* Two operators on a database that has neither ledger nor journal: SQLite has no lock for them, so the second may be that late. */
static void make_ledger(void *ctx, const struct ls_event *ev)
{
    struct ops *o = ctx;

    if (ev->kind == LS_EV_TX_BEGIN && ev->step < 0)
        ops_sql(o, "CREATE TABLE schema_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, description TEXT, applied_at TEXT,"
                   " applied_by TEXT, duration_ms INTEGER, checksum TEXT, status TEXT NOT NULL);"
                   "INSERT INTO schema_migrations (version, name, status) VALUES (1, 'a', 'applied')");
}

static void a_ledger_that_is_made_meanwhile(void **state)
{
    struct ls_run_report rep;
    struct ops o;
    struct ls_run_hooks hooks = {.on_event = make_ledger, .ctx = &o};

    (void)state;
    ops_open(&o, "lockstep", false);
    eng_lockstep_folder(&o);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_E_CHANGED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    ls_run_report_release(&rep);
    eng_is(&o, "SELECT count(*) FROM schema_migrations", "1");
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENG_BOTH_TESTS(every_run_is_recorded),
        ENG_BOTH_TESTS(intents_and_failures),
        cmocka_unit_test(failures_are_recorded_clean),
        ENG_BOTH_TESTS(failures_are_recorded_without_secrets),
        ENG_BOTH_TESTS(journal_off_touches_no_table),
        cmocka_unit_test(no_rights_for_the_journal),
        ENG_BOTH_TESTS(the_chain_shows_every_change),
        cmocka_unit_test(a_row_answers_for_every_column),
        ENG_BOTH_TESTS(a_link_that_is_not_shown),
        ENG_BOTH_TESTS(the_first_link),
        cmocka_unit_test(a_journal_moves_with_its_file),
        ENG_BOTH_TESTS(the_newest_rows),
        ENG_BOTH_TESTS(two_sessions_one_chain),
        cmocka_unit_test(another_run_in_between),
        cmocka_unit_test(a_ledger_that_is_made_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
