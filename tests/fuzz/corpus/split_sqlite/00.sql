SELECT 1; SELECT 'a;''b', x'3b', [c;d], `e``;`, "f;""" -- ;;
; SELECT 2