# The manual pages against the tables: every command, option, key and role has its line, and no line is about one that is gone.
. "$LS_SRCDIR/tests/cli/lib.sh"
man1=$LS_SRCDIR/man/lockstep.1
man5=$LS_SRCDIR/man/lockstep.conf.5
man7=$LS_SRCDIR/man/lockstep-formats.7

plain() { # FILE: the page's text without macros and escapes
    sed -e 's/\\-/-/g' -e 's/\\f[BIPR]//g' -e 's/^\.[A-Z]* *//' -e 's/"//g' "$1"
}

# A heading is the line behind .TP.
heads() { # FILE
    sed -e 's/\\-/-/g' -e 's/\\f[BIPR]//g' -e 's/"//g' "$1" | awk '/^\.TP/ { getline; sub(/^\.[A-Z]+ */, ""); print }'
}

"$LS_BIN" --dump-options >"$LS_TEST_TMP/options"
heads "$man1" >"$LS_TEST_TMP/heads"

while read -r kind name more; do
    case $kind in
    command) ok "the manual has a heading for $name" grep -Eq "^$name( |\$)" "$LS_TEST_TMP/heads" ;;
    option) ok "the manual has a heading for $name" grep -Eq -- "(^|[ ,])$name( |\$)" "$LS_TEST_TMP/heads" ;;
    use) ok "the manual puts $more under $name" awk -v c="$name" -v o="$more" '
        { gsub(/\\-/, "-"); gsub(/"/, ""); gsub(/\\f[BIPR]/, "") }
        is_head { h = $0; sub(/^\.[A-Z]+ */, "", h); is_head = 0
                  if (!depth) { split(h, w, " "); inside = (w[1] == c) || (c ~ /^(up|down|to)$/ && w[1] == "to") }
                  else if (inside && index(" " h " ", " " o " ")) found = 1 }
        /^\.TP/ { is_head = 1 }
        /^\.RS/ { depth++ }
        /^\.RE/ { depth-- }
        END { exit !found }' "$man1" ;;
    esac
    if [ "$kind" = option ] && [ -n "$more" ]; then
        ok "and for $more" grep -Eq -- "^$more, $name( |\$)" "$LS_TEST_TMP/heads"
    fi
done <"$LS_TEST_TMP/options"

gone=$(grep -Eo -- '--[a-z][a-z-]+' "$LS_TEST_TMP/heads" | sort -u | while read -r o; do
    grep -q "^option $o\( \|\$\)" "$LS_TEST_TMP/options" || echo "$o"
done)
is "$gone" "" "no heading is about an option that is gone"
undashed=$(grep -nE '(^|[^\\-])--[a-z]' "$man1" "$man5")
is "$undashed" "" "options are written with \\-\\-, so that they can be copied"

sed -n '/^\.SH EXIT STATUS/,/^\.SH SIGNALS/p' "$man1" >"$LS_TEST_TMP/exit.1"
heads "$LS_TEST_TMP/exit.1" >"$LS_TEST_TMP/codes"
is "$(tr '\n' ' ' <"$LS_TEST_TMP/codes")" "0 1 2 3 4 5 6 75 " "the exit codes are explained"

# Keys: the part of the page is what tools/man-keys.sh makes of the console's table.
if "$LS_BIN" --dump-keys >"$LS_TEST_TMP/keys" 2>/dev/null; then
    sed -n '/^\.\\" keys: begin/,/^\.\\" keys: end/p' "$man1" | grep -v '^\.\\"' >"$LS_TEST_TMP/keys.have"
    sh "$LS_SRCDIR/tools/man-keys.sh" <"$LS_TEST_TMP/keys" >"$LS_TEST_TMP/keys.want"
    is "$(cat "$LS_TEST_TMP/keys.have")" "$(cat "$LS_TEST_TMP/keys.want")" "the manual has the console's keys (else: lockstep --dump-keys | tools/man-keys.sh man/lockstep.1)"
else
    skip "this build has no console" "the manual has the console's keys"
fi

for verdict in $(sed -n 's/^ *X([A-Z_]*, *"\([A-Z][A-Z][0-9][0-9]\)", "\([a-z-]*\)",.*/\1:\2/p' "$LS_SRCDIR/include/lockstep/engine/index.h"); do
    ok "the manual explains the verdict ${verdict%:*}" grep -Eq "(^|, )${verdict%:*} ${verdict#*:}(,|\$)" "$LS_TEST_TMP/heads"
done

heads "$man5" >"$LS_TEST_TMP/heads5"
for key in $(sed -n '/key_defs\[\] = {/,/^};/s/^ *{"\([a-z_]*\)", KEY.*/\1/p' "$LS_SRCDIR/src/config/project.c") default_env; do
    ok "lockstep.conf(5) explains $key" grep -qx "$key" "$LS_TEST_TMP/heads5"
done
want=$(tr -d '\n' <"$LS_SRCDIR/src/config/theme.h" | sed 's/.*#define THEME_ROLES(X)//; s/enum theme_role.*//' | grep -Eo '"[a-z.-]+"' | tr -d '"' | sort)
have=$(sed -n '/^\.\\" roles:/,/^\.SH/s/^\.BR \([a-z.-]*\) [,.]$/\1/p' "$man5" | sort)
is "$have" "$want" "lockstep.conf(5) lists the roles of themes"
want=$(cd "$LS_SRCDIR/themes" && printf '%s\n' *.theme | sed 's/\.theme$//' | sort | tr '\n' ' ')
for t in $want; do
    ok "lockstep.conf(5) names the theme $t" sh -c 'grep -q "^\.B[R]* $1\( \|$\)" "$2"' sh "$t" "$man5"
done

# The formats come from the registry; a list by hand was out of date.
"$LS_BIN" --help >"$LS_TEST_TMP/help"
for text in "$LS_TEST_TMP/help" "$man1" "$man5"; do
    like "$(plain "$text" | tr -s '\n ' '  ')" 'hose files and ledger these are[^.]{0,40}lockstep formats' "${text##*/} says where the names of formats are"
done
run "$LS_BIN" init --project "$LS_TEST_TMP/made.conf" --migrations "$LS_TEST_TMP/m"
like "$(cat "$LS_TEST_TMP/made.conf")" 'lockstep formats. lists' "so does the file that init writes"

# Every format has its section, whose first words are what `lockstep formats` says of it.
"$LS_BIN" formats "$LS_TEST_TMP" | sed -n '2,/^$/{/^$/!p;}' | sed -E 's/^([^ ]+)  +.*  +([^ ].*)$/\1: \2/' | sort >"$LS_TEST_TMP/formats.want"
sed -e 's/\\-/-/g' "$man7" | sed -n 's/^\.SS //p; s/^Can: \(.*\)\.$/\1/p' | paste -d: - - | sed 's/:/: /' | sort >"$LS_TEST_TMP/formats.have"
ok "there are formats" test "$(wc -l <"$LS_TEST_TMP/formats.want")" -gt 20
is "$(cat "$LS_TEST_TMP/formats.have")" "$(cat "$LS_TEST_TMP/formats.want")" "lockstep-formats(7) has each format, with what can be done with it"

for page in "$man1" "$man5" "$man7"; do
    if command -v groff >/dev/null 2>&1; then
        is "$(groff -man -Tutf8 -ww -z "$page" 2>&1)" "" "groff has no complaint about ${page##*/}"
    else
        skip "no groff" "groff has no complaint about ${page##*/}"
    fi
    if command -v mandoc >/dev/null 2>&1; then
        is "$(mandoc -T lint -W warning "$page" 2>&1)" "" "mandoc has no complaint about ${page##*/}"
    else
        skip "no mandoc" "mandoc has no complaint about ${page##*/}"
    fi
done

done_testing
