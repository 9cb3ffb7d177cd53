/* Transaction classes and facts of anything: comments before a statement change nothing, and nothing crashes.
 * The first byte chooses the dialect. */
#include <config.h>

#include "lockstep/sql/facts.h"
#include "split_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ls_buf commented = LS_BUF_INIT;
    struct ls_facts f;
    if (len < 1)
        return 0;
    enum ls_dialect d = data[0] & 1 ? LS_DIALECT_SQLITE : LS_DIALECT_POSTGRES;
    const char *text = (const char *)data + 1;
    len--;
    enum ls_tx_class c = ls_sql_tx_class(d, text, len);
    if (!has_bom(text, len)) {
        ls_buf_adds(&commented, " -- BEGIN\n/* VACUUM */");
        ls_buf_add(&commented, text, len);
        require(ls_sql_tx_class(d, commented.ptr, commented.len) == c, "comments before a statement do not change its class");
    }
    require(d == LS_DIALECT_POSTGRES || !ls_sql_is_outer_pragma(text, len) || c == LS_TX_FORBIDS,
            "outer pragmas forbid a transaction");
    ls_sql_facts(d, text, len, &f);
    require(strlen(f.verb) < sizeof f.verb && f.object.ptr[f.object.len] == '\0', "facts are whole");
    ls_facts_release(&f);
    ls_buf_release(&commented);
    return 0;
}
