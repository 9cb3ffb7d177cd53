#!/bin/sh
# Writes files as a C source that defines ls_embedded_files[] (src/config/embedded.h).
#
#   tools/embed.sh SRCDIR FILE... > embedded_data.c
#
# FILE is relative to SRCDIR and is the name inside the program, without a leading src/config/. A NUL byte follows each file's
# bytes, so that text can be used as a string; len does not count it.
set -u
srcdir=$1
shift

echo '/* Made by tools/embed.sh. */'
echo '#include <config.h>'
echo
echo '#include "config/embedded.h"'
i=0
for f; do
    [ -r "$srcdir/$f" ] || { echo "embed.sh: cannot read $srcdir/$f" >&2; exit 1; }
    printf '\nstatic const unsigned char file_%d[] = { /* %s */\n' "$i" "$f"
    od -An -v -tu1 "$srcdir/$f" | sed 's/^ *//; s/  */,/g; s/$/,/'
    printf '0};\n'
    i=$((i + 1))
done
printf '\nconst struct ls_embedded ls_embedded_files[] = {\n'
i=0
for f; do
    printf '    {"%s", file_%d, sizeof file_%d - 1},\n' "${f#src/config/}" "$i" "$i"
    i=$((i + 1))
done
printf '    {NULL, NULL, 0},\n};\nconst size_t ls_n_embedded_files = %d;\n' "$i"
