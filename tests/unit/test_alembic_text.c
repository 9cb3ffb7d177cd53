/* Alembic: what is told from the text of a revision and of the settings. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "format/alembic.h"
#include "lockstep/base/buf.h"

/* --- the header, without Python ---------------------------------------------------------------------------- */

static void add_value(struct ls_buf *b, const char *name, const struct ls_py_value *v)
{
    static const char *const kinds[] = {"-", "None", "", "", "?"};

    ls_buf_addf(b, "%s%s=%s", b->len > 0 ? " " : "", name, kinds[v->kind]);
    for (size_t i = 0; (v->kind == LS_PY_TEXT || v->kind == LS_PY_LIST) && i < v->n; i++)
        ls_buf_addf(b, "%s%s", v->kind == LS_PY_LIST ? i == 0 ? "[" : "," : "", v->v[i]);
    if (v->kind == LS_PY_LIST)
        ls_buf_adds(b, v->n == 0 ? "[]" : "]");
    if (v->kind == LS_PY_OTHER)
        ls_buf_addf(b, "@%d", v->line);
}

/* "r=" revision, "d=" down_revision, "l=" branch_labels, "o=" depends_on; '-' absent, '?@LINE' no literal. */
static void header_is(const char *text, const char *expected)
{
    struct ls_arena *arena = ls_arena_new();
    struct ls_alembic_header h;
    struct ls_buf b = LS_BUF_INIT;

    ls_alembic_parse(arena, text, strlen(text), &h);
    add_value(&b, "r", &h.revision);
    add_value(&b, "d", &h.down_revision);
    if (h.branch_labels.kind != LS_PY_ABSENT)
        add_value(&b, "l", &h.branch_labels);
    if (h.depends_on.kind != LS_PY_ABSENT)
        add_value(&b, "o", &h.depends_on);
    if (h.doc != NULL)
        ls_buf_addf(&b, " doc=%s", h.doc);
    if (h.error != NULL)
        ls_buf_addf(&b, " error@%d", h.error_line);
    if (strcmp(b.ptr, expected) != 0)
        fail_msg("%s\nis: %s\nnot: %s", text, b.ptr, expected);
    ls_buf_release(&b);
    ls_arena_free(arena);
}

static void literals(void **state)
{
    (void)state;
    header_is("revision = 'a1'\ndown_revision = None\n", "r=a1 d=None");
    header_is(
        "\"\"\"make it\n\nRevises: x\n\"\"\"\nrevision = \"b\"\ndown_revision = \"a\"\nbranch_labels = None\ndepends_on = None\n",
        "r=b d=a l=None o=None doc=make it\n\nRevises: x\n");
    header_is(
        "from typing import Sequence, Union\nrevision: str = \"b\"\ndown_revision: Union[str, None] = 'a'\n"
        "branch_labels: Union[str, Sequence[str], None] = ('x', \"y\",)\ndepends_on: Union[str, Sequence[str], None] = ['z']\n",
        "r=b d=a l=[x,y] o=[z]");
    header_is("revision='a' # with a comment, \"and quotes\"\ndown_revision = (  # one\n    'b',  # two\n    'c'\n)\n",
              "r=a d=[b,c]");
    header_is("revision = ('a' 'b'\n  \"c\")\ndown_revision = 'x', 'y'\n", "r=abc d=[x,y]");
    header_is("revision = ('a')\ndown_revision = ('b',)\n", "r=a d=[b]");
    header_is("revision = 'a'; down_revision = None\n", "r=a d=None");
    header_is("revision = \\\n  'a'\r\ndown_revision = None\r\n", "r=a d=None");
    header_is("revision = u'\\x61\\u00e9\\t'\ndown_revision = r'\\x61'\n", "r=a\xC3\xA9\t d=\\x61");
    header_is("\xEF\xBB\xBFrevision = 'a'\ndown_revision = ()\n", "r=a d=[]");
    header_is("revision = rev = 'x'\ndown_revision = None\n", "r=?@1 d=None");
    header_is("revision = 'old'\nrevision = 'new'\ndown_revision = None\n", "r=new d=None");
    header_is("revision: str\ndown_revision = 'a'\n", "r=- d=a");
    header_is("revision == 'a'\nrevision.x = 1\ndown_revision = 'a'\n",
              "r=?@1 d=a"); /* a comparison: seldom, and then better said */
    header_is("", "r=- d=-");
}

/* What another module or a condition decides is not guessed. */
static void not_literals(void **state)
{
    (void)state;
    header_is("revision = 'a' + 'b'\ndown_revision = None\n", "r=?@1 d=None");
    header_is("revision = f'a{x}'\ndown_revision = b'a'\n", "r=?@1 d=?@2");
    header_is("revision = 'a'\ndown_revision = ('b', None)\n", "r=a d=?@2");
    header_is("revision = 'a'\ndown_revision = 'b' if x else 'c'\n", "r=a d=?@2");
    header_is("revision = 'a'\ndown_revision = \"\\N{BULLET}\"\n", "r=a d=?@2");
    header_is("revision = 'a'\nif True:\n    down_revision = 'b'\n", "r=a d=?@3");
    header_is("revision = 'a'\ntry: down_revision = 'b'\nexcept X: pass\n", "r=a d=?@2");
    header_is("revision, down_revision = 'a', 'b'\n", "r=?@1 d=?@1");
    header_is("from common import down_revision\nrevision = 'a'\n", "r=a d=?@1");
    header_is("revision = 'a'\ndown_revision = 'b'\ndel down_revision\n", "r=a d=?@3");
    header_is("revision = 'a'\ndown_revision = 'b'\ndown_revision += 'c'\n", "r=a d=?@3");
    header_is(
        "revision = 'a'\ndown_revision = ((((((((((((((((((((((((((((((((((((((((None))))))))))))))))))))))))))))))))))))))))\n",
        "r=a d=?@2");
    /* A function's own variables are not the module's. */
    header_is("revision = 'a'\ndown_revision = None\ndef upgrade():\n    revision = x()\n    down_revision = y\n    s = 1; "
              "revision = 2\n",
              "r=a d=None");
    header_is("def f(revision=None):\n    pass\nrevision = 'a'\ndown_revision = None\n", "r=a d=None");
    /* Texts hold anything. */
    header_is("x = '''\nrevision = \"no\"\n'''\nrevision = 'a'\ndown_revision = None\n", "r=a d=None");
    header_is("x = [\n'a', # (\n]\nrevision = 'a'\ndown_revision = None\n", "r=a d=None");
    header_is("f'doc'\nrevision = 'a'\ndown_revision = None\n", "r=a d=None");
}

static void broken_python(void **state)
{
    (void)state;
    header_is("revision = 'a'\ndown_revision = 'b\nx\n", "r=a d=?@2 error@2");
    header_is("revision = 'a'\ndown_revision = None\nx = '''\n\n", "r=a d=None error@3");
    header_is("revision = 'a'\ndown_revision = (\n'b'\n", "r=a d=?@2 error@4");
    header_is("revision = \"a\\", "r=?@1 d=- error@1");
}

/* --- settings ---------------------------------------------------------------------------------------------- */

static void ini(void **state)
{
    static const char text[] =
        "# a comment\n[DEFAULT]\nroot = base\n[alembic]\nscript_location = %(here)s/%(root)s\nEMPTY =\n"
        "version_locations = a\n   b\n\n   # c\n   d\nfile_template : %%(rev)s\nbad = %(nothing)s\nworse = 50%\nround = %(round)s\n"
        "sqlalchemy.url = x ; y\n[other]\nscript_location = no\n";
    struct ls_arena *a = ls_arena_new();
    int line = 0;

    (void)state;
    assert_string_equal(ls_alembic_ini_get(a, text, "alembic", "script_location", "/p", &line), "/p/base");
    assert_int_equal(line, 5);
    assert_string_equal(ls_alembic_ini_get(a, text, "alembic", "empty", "/p", NULL), "");
    assert_string_equal(ls_alembic_ini_get(a, text, "alembic", "version_locations", "/p", NULL), "a\nb\nd");
    assert_string_equal(ls_alembic_ini_get(a, text, "alembic", "file_template", "/p", NULL), "%(rev)s");
    assert_string_equal(ls_alembic_ini_get(a, text, "alembic", "sqlalchemy.url", "/p", NULL), "x ; y");
    assert_null(ls_alembic_ini_get(a, text, "alembic", "bad", "/p", NULL));
    assert_null(ls_alembic_ini_get(a, text, "alembic", "worse", "/p", NULL));
    assert_null(ls_alembic_ini_get(a, text, "alembic", "round", "/p", NULL));
    assert_null(ls_alembic_ini_get(a, text, "alembic", "absent", "/p", NULL));
    ls_arena_free(a);
}

static void toml(void **state)
{
    static const char text[] =
        "[tool.other]\nscript_location = \"no\"\n[tool.alembic] # ours\n script_location = \"a/b\" # c\nquoted = 'c\\d'\n"
        "version_locations = [\n  \"x\", # one\n  'y',\n]\nnumber = 5\nopen = \"a\n";
    struct ls_arena *a = ls_arena_new();

    (void)state;
    assert_string_equal(ls_alembic_toml_get(a, text, "tool.alembic", "script_location"), "a/b");
    assert_string_equal(ls_alembic_toml_get(a, text, "tool.alembic", "quoted"), "c\\d");
    assert_string_equal(ls_alembic_toml_get(a, text, "tool.alembic", "version_locations"), "x\ny");
    assert_null(ls_alembic_toml_get(a, text, "tool.alembic", "number"));
    assert_null(ls_alembic_toml_get(a, text, "tool.alembic", "open"));
    assert_null(ls_alembic_toml_get(a, text, "tool.none", "script_location"));
    ls_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals), cmocka_unit_test(not_literals), cmocka_unit_test(broken_python),
        cmocka_unit_test(ini),      cmocka_unit_test(toml),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
