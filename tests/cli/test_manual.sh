# The manual's examples, run in order as they stand: each .EX block is a shell script; what it shows as output is in the output.
. "$LS_SRCDIR/tests/cli/lib.sh"
has_driver sqlite || skip_all "this build has no SQLite"
in_dir manual
mkdir bin && ln -s "$LS_BIN" bin/lockstep
PATH=$PWD/bin:$PATH
n=0
cmd=''

sed -n '/^\.EX/,/^\.EE/p' "$LS_SRCDIR/man/lockstep.1" | sed -e 's/\\-/-/g' -e 's/\\(aq/'"'"'/g' -e 's/\\e/\\/g' >examples
while IFS= read -r line; do
    case $line in
    '$ '*)
        cmd=${line#??}
        run sh -c "$cmd"
        exits 0 "$cmd"
        n=$((n + 1))
        ;;
    .E*) ;;
    *) ok "  shows: $line" grep -Fq -- "$line" "$out_file" ;;
    esac
done <examples
ok "there are examples" test "$n" -ge 15

# lockstep.conf(5): the examples are files.
sed -n '/^# lockstep.conf/,/^\.EE/p' "$LS_SRCDIR/man/lockstep.conf.5" | grep -v '^\.' >conf
mkdir -p db/migrations
run env DATABASE_URL=sqlite:x.db "$LS_BIN" status --project conf -e production
exits 0 "the example of lockstep.conf(5)"
like "$out" 'environment production, protected' "means what it says"

# The README's tour, and its example of a project file.
sed -n '/^```ini/,/^```/p' "$LS_SRCDIR/README.md" | grep -v '^```' >readme.conf
run "$LS_BIN" status --project readme.conf -e dev
exits 0 "the README's lockstep.conf"
run env LS_X="$LS_BIN" sh -c 'mkdir build && ln -s "$LS_X" build/lockstep && sh "$1/tools/demo.sh" build "$1"' sh "$LS_SRCDIR"
exits 0 "the demo project"
cp build/demo/migrations/001_create_agents.up.sql mine.sql
run sh "$LS_SRCDIR/tools/demo.sh" build "$LS_SRCDIR"
exits 0 "a second time"
is "$out" "" "changes nothing"
sed -n '/^## Five minutes/,/^## Sub/p' "$LS_SRCDIR/README.md" | sed -n '/^```sh/,/^```/p' | grep -v '^```' | sed 's/ *#.*//' | grep '^lockstep' >tour
cd build/demo || exit 1
while IFS= read -r line; do
    case $line in
    'lockstep up -e production') line="$line --backup --yes --confirm production.db" ;;
    'lockstep up'* | 'lockstep down'*) line="$line --yes" ;;
    esac
    run sh -c "$line"
    exits 0 "README: $line"
done <../../tour
run "$LS_BIN" status -e production
like "$out" '^state   9 applied$' "the tour ends with production up to date, with the two indexes that were advised"
for c in $("$LS_BIN" --dump-options | sed -n 's/^command //p'); do
    ok "the README's table has $c" grep -Eq "^\|.*\`$c[ \`]" "$LS_SRCDIR/README.md"
done

done_testing
