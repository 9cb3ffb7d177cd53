/* tui/index_rows.h: what the Indexes pane lists: verdicts, indexes under their tables, or the queries of the workload; sorted and filtered. */
#ifndef LS_TUI_INDEX_ROWS_H
#define LS_TUI_INDEX_ROWS_H

#include "config/theme.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/vec.h"
#include "lockstep/engine/index_report.h"

/* X(enum, word) */
#define INDEX_VIEWS(X) X(VERDICTS, "verdicts") X(USAGE, "usage") X(QUERIES, "queries")
enum index_view {
#define X(e, w) INDEX_##e,
    INDEX_VIEWS(X)
#undef X
        INDEX_N_VIEWS
};
const char *index_view_name(enum index_view v);

struct index_filter {
    enum index_view view;
    enum ls_index_sort sort;
    bool is_flat;              /* not under their tables */
    bool shows_ignored;
    int verdict;               /* only this one; -1 all */
    const char *text;          /* "" all */
};
struct index_row {
    enum { INDEX_ROW_TABLE, INDEX_ROW_INDEX, INDEX_ROW_VERDICT, INDEX_ROW_QUERY } kind;
    uint32_t n;                /* of usage->tables, usage->indexes, verdicts.v, workload.queries */
};
struct index_rows {
    LS_VEC(struct index_row) rows;
    uint32_t n_hidden;         /* verdicts that are ignored */
    struct ls_index_total total; /* of the indexes that are shown */
};
void index_rows_make(struct index_rows *r, const struct ls_index_report *rep, const struct index_filter *f);
void index_rows_release(struct index_rows *r);

enum theme_role index_severity_role(enum ls_severity s);
/* "pk", "uq", "partial", "invalid" ...: what an index is beside a plain one. Appends. */
void index_kind_words(const struct ls_usage_index *x, struct ls_buf *out);
/* "12", "3.4k", "2.1M"; "-" where it is not known. Appends. */
void index_count_text(double n, struct ls_buf *out);

#endif
