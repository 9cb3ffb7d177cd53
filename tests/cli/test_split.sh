# split: what a statement is, and what is refused.
. "$LS_SRCDIR/tests/cli/lib.sh"
in_dir split

printf 'SELECT 1;\n-- c\nCREATE INDEX CONCURRENTLY i ON t (a);\nBEGIN' >a.sql
run "$LS_BIN" split --dialect postgres --offsets a.sql
exits 0 "split --offsets"
is "$out" "0 8
15 51
53 58" "prints START END a line"
is "$err" "" "and nothing else"
run "$LS_BIN" split --dialect postgres a.sql
like "$out" '^-- a.sql:1:1 transactional$' "places and classes"
like "$out" '^-- a.sql:3:1 no-transaction$' "CREATE INDEX CONCURRENTLY cannot run in a transaction"
like "$out" '^-- a.sql:4:1 transaction-control$' "BEGIN controls one"
run_in "$LS_BIN" split --dialect sqlite --offsets - <a.sql
is "$out" "0 8
15 51
53 58" "reads standard input"

printf "SELECT 1;\n\nSELECT 'open" >b.sql
run "$LS_BIN" split --dialect postgres --offsets b.sql
exits 1 "what cannot be split is refused"
is "$out" "error unterminated_string 3" "with kind and line on stdout"
like "$err" '^lockstep: b.sql: ' "and a sentence on stderr"
for case in 'unterminated_identifier|select "x' 'unterminated_dollar|select $a$ x' 'unterminated_comment|/* x' 'psql_meta|\d t' \
    'copy_data|COPY t FROM stdin;'; do
    printf '%s\n' "${case#*|}" >c.sql
    run "$LS_BIN" split --dialect postgres --offsets c.sql
    like "$out" "^error ${case%%|*} 1\$" "${case%%|*}"
done
printf 'select \377' >d.sql
run "$LS_BIN" split --dialect sqlite --offsets d.sql
is "$out" "error bad_utf8 1" "bad_utf8"
printf 'select \0' >e.sql
run "$LS_BIN" split --dialect sqlite --offsets e.sql
is "$out" "error nul_byte 1" "nul_byte"
: >empty.sql
run "$LS_BIN" split --dialect sqlite --offsets empty.sql
exits 0 "an empty file"
is "$out" "" "has no statements"

run "$LS_BIN" split --dialect oracle a.sql
exits 2 "another dialect"
run "$LS_BIN" split a.sql
exits 2 "no dialect"
like "$err" 'say --dialect' "says so"
run "$LS_BIN" split --dialect sqlite nothere.sql
ok "a file that is not there fails" test "$rc" -ne 0
like "$err" 'nothere.sql' "and is named"
run "$LS_BIN" split --dialect sqlite .
ok "a folder fails" test "$rc" -ne 0
mkfifo pipe
run "$LS_BIN" split --dialect sqlite pipe
ok "a pipe by name fails instead of waiting" test "$rc" -ne 0
if has_driver sqlite; then
    run "$LS_BIN" split --url sqlite:x.db --offsets a.sql
    exits 0 "the database's dialect is the default"
    ok "and nothing is made" test ! -e x.db
fi
if command -v jq >/dev/null 2>&1; then
    run "$LS_BIN" split --dialect postgres --json a.sql
    is "$(json '.statements | length')" 3 "split --json"
    is "$(json '.statements[1].class')" no-transaction "with classes"
    run "$LS_BIN" split --dialect postgres --json b.sql
    is "$(json '.kind + " " + (.line | tostring) + " " + .error.code')" "unterminated_string 3 input" "and refusals"
fi

done_testing
