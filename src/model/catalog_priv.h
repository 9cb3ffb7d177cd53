/* model/catalog_priv.h: shared by catalog.c (reading) and catalog_build.c. */
#ifndef LOCKSTEP_SRC_MODEL_CATALOG_PRIV_H
#define LOCKSTEP_SRC_MODEL_CATALOG_PRIV_H

#include "lockstep/model/catalog.h"

/* By kind, schema, parent, name. */
int ls_fact_compare(enum ls_dialect d, const struct ls_fact *a, const struct ls_fact *b);

#endif
