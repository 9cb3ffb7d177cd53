/* The PostgreSQL splitter on anything: see split_check.h for what must hold. */
#include <config.h>

#include "split_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return check_split(LS_DIALECT_POSTGRES, data, len);
}
