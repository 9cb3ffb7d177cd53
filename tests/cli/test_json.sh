# --json everywhere: one object that parses, no control bytes in it, and the exit code of the same words without it.
. "$LS_SRCDIR/tests/cli/lib.sh"
need_jq
commands='status|status --check|plan|plan up 1|up 1|up 1 --yes|verify|verify --no-run|lint|lint --fail-on info|log|log -n 0|backups|backups list|backups verify none|backups prune --keep 1
mark 1 pending --yes|mark 1 maybe|mark --import|down --yes|to 99|new thing|init|split migrations/001_x.up.sql --dialect sqlite|split nowhere.sql
version|help|help up|status --help|statsu|status --url nonsense|up --read-only'
esc=$(printf '\033]0;owned\007\033[31m')

check() { # URL NAME
    printf '%s\n' "$commands" | tr '|' '\n' >words
    while IFS= read -r c; do
        for way in json plain; do
            rm -rf "$way" && mkdir -p "$way/.git" "$way/migrations"
            cd "$way" || exit 1
            printf -- '-- lockstep: transaction\n-- %sx\nCREATE TABLE x (a int);\n' "$esc" >migrations/001_x.up.sql
            printf 'DROP TABLE x;\n' >migrations/001_x.down.sql
            printf -- '-- lockstep: transaction\nSELECT 1;\n' >"migrations/002_${esc}y.up.sql"
            eval "u=$1"
            [ "$way" = json ] || [ "${u#sqlite}" != "$u" ] || { pg_new && u=$pg_url; }
            "$LS_BIN" up 1 --yes --quiet --url "$u" >/dev/null 2>&1
            if [ "$way" = json ]; then
                # shellcheck disable=SC2086
                LOCKSTEP_URL=$u run "$LS_BIN" $c --json
                json_rc=$rc
                is "$(json type)" object "$2: $c --json"
                ok "$2: $c --json has no control bytes" sh -c '! LC_ALL=C tr -d "\n" <"$1" | LC_ALL=C grep -q "[[:cntrl:]]"' sh "$out_file"
                ok "$2: nor has what it says besides" sh -c '! LC_ALL=C tr -d "\n" <"$1" | LC_ALL=C grep -q "[[:cntrl:]]"' sh "$err_file"
            else
                # shellcheck disable=SC2086
                LOCKSTEP_URL=$u run "$LS_BIN" $c
                is "$rc" "$json_rc" "$2: $c ends the same with and without"
            fi
            cd .. || exit 1
        done
    done <words
}

if has_driver sqlite; then
    in_dir lite
    check sqlite:a.db SQLite
fi
if has_driver postgres && [ -n "${LS_TEST_PG_URL:-}" ]; then
    in_dir pg
    commands='status|plan|up 1 --yes|verify|log|mark 1 pending --yes|down --yes|backups'
    pg_new
    # shellcheck disable=SC2016
    check '$pg_url' PostgreSQL
fi
done_testing
