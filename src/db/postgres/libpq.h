/* db/postgres/libpq.h: libpq, loaded when the first PostgreSQL connection is opened.
 *
 * libpq brings TLS, Kerberos and LDAP with it: 26 libraries, whose loading takes three times as long as everything else between
 * exec and the first frame. So the program is not linked with it. The driver calls its functions by their own names; they stand for
 * entries of a table that libpq_load() fills. A function that is missing here is missing at link time too. */
#ifndef DB_POSTGRES_LIBPQ_H
#define DB_POSTGRES_LIBPQ_H

#include <libpq-fe.h>

#include "lockstep/base/err.h"

#ifndef LIBPQ_HAS_PIPELINING
#error "libpq 14 or newer is needed (pipeline mode)"
#endif

/* clang-format off */
#define LIBPQ_FUNCTIONS(X) \
    X(PQbackendPID) X(PQcancel) X(PQclear) X(PQcmdStatus) X(PQcmdTuples) X(PQconndefaults) X(PQconnectPoll) \
    X(PQconnectStartParams) X(PQconnectionNeedsPassword) X(PQconninfo) X(PQconninfoFree) X(PQconninfoParse) \
    X(PQconsumeInput) X(PQcopyResult) X(PQenterPipelineMode) X(PQerrorMessage) X(PQexitPipelineMode) X(PQfinish) \
    X(PQflush) X(PQfname) X(PQfnumber) X(PQfreeCancel) X(PQfreemem) X(PQgetCancel) X(PQgetCopyData) X(PQgetResult) X(PQgetisnull) X(PQgetlength) \
    X(PQgetvalue) X(PQgssEncInUse) X(PQhost) X(PQhostaddr) X(PQisBusy) X(PQnfields) X(PQntuples) X(PQparameterStatus) \
    X(PQpass) X(PQpipelineSync) X(PQport) X(PQputCopyData) X(PQputCopyEnd) X(PQresultErrorField) X(PQresultErrorMessage) X(PQresultStatus) \
    X(PQsendPrepare) X(PQsendQuery) X(PQsendQueryParams) X(PQsendQueryPrepared) X(PQserverVersion) \
    X(PQsetErrorVerbosity) X(PQsetNoticeReceiver) X(PQsetvalue) \
    X(PQsetSingleRowMode) X(PQsetnonblocking) X(PQsocket) X(PQsslInUse) X(PQstatus) X(PQtransactionStatus)
/* clang-format on */

struct libpq {
#define X(name) __typeof__(name) *name##_;
    LIBPQ_FUNCTIONS(X)
#undef X
};

/* Loads libpq once in the life of the process, from any thread. LS_E_UNSUPPORTED when it is not there or too old. */
LS_MUST_CHECK enum ls_rc libpq_load(struct ls_err *err);
/* The table; only after libpq_load() succeeded. */
const struct libpq *libpq(void);

#define PQbackendPID               (libpq()->PQbackendPID_)
#define PQcancel                   (libpq()->PQcancel_)
#define PQclear                    (libpq()->PQclear_)
#define PQcmdStatus                (libpq()->PQcmdStatus_)
#define PQcmdTuples                (libpq()->PQcmdTuples_)
#define PQconndefaults             (libpq()->PQconndefaults_)
#define PQconnectPoll              (libpq()->PQconnectPoll_)
#define PQconnectStartParams       (libpq()->PQconnectStartParams_)
#define PQconnectionNeedsPassword  (libpq()->PQconnectionNeedsPassword_)
#define PQconninfo                 (libpq()->PQconninfo_)
#define PQconninfoFree             (libpq()->PQconninfoFree_)
#define PQconninfoParse            (libpq()->PQconninfoParse_)
#define PQconsumeInput             (libpq()->PQconsumeInput_)
#define PQcopyResult               (libpq()->PQcopyResult_)
#define PQenterPipelineMode        (libpq()->PQenterPipelineMode_)
#define PQerrorMessage             (libpq()->PQerrorMessage_)
#define PQexitPipelineMode         (libpq()->PQexitPipelineMode_)
#define PQfinish                   (libpq()->PQfinish_)
#define PQflush                    (libpq()->PQflush_)
#define PQfname                    (libpq()->PQfname_)
#define PQfnumber                  (libpq()->PQfnumber_)
#define PQfreeCancel               (libpq()->PQfreeCancel_)
#define PQfreemem                  (libpq()->PQfreemem_)
#define PQgetCancel                (libpq()->PQgetCancel_)
#define PQgetCopyData              (libpq()->PQgetCopyData_)
#define PQgetResult                (libpq()->PQgetResult_)
#define PQgetisnull                (libpq()->PQgetisnull_)
#define PQgetlength                (libpq()->PQgetlength_)
#define PQgetvalue                 (libpq()->PQgetvalue_)
#define PQgssEncInUse              (libpq()->PQgssEncInUse_)
#define PQhost                     (libpq()->PQhost_)
#define PQhostaddr                 (libpq()->PQhostaddr_)
#define PQisBusy                   (libpq()->PQisBusy_)
#define PQnfields                  (libpq()->PQnfields_)
#define PQntuples                  (libpq()->PQntuples_)
#define PQparameterStatus          (libpq()->PQparameterStatus_)
#define PQpass                     (libpq()->PQpass_)
#define PQpipelineSync             (libpq()->PQpipelineSync_)
#define PQport                     (libpq()->PQport_)
#define PQputCopyData              (libpq()->PQputCopyData_)
#define PQputCopyEnd               (libpq()->PQputCopyEnd_)
#define PQresultErrorField         (libpq()->PQresultErrorField_)
#define PQresultErrorMessage       (libpq()->PQresultErrorMessage_)
#define PQresultStatus             (libpq()->PQresultStatus_)
#define PQsendPrepare              (libpq()->PQsendPrepare_)
#define PQsendQuery                (libpq()->PQsendQuery_)
#define PQsendQueryParams          (libpq()->PQsendQueryParams_)
#define PQsendQueryPrepared        (libpq()->PQsendQueryPrepared_)
#define PQserverVersion            (libpq()->PQserverVersion_)
#define PQsetErrorVerbosity        (libpq()->PQsetErrorVerbosity_)
#define PQsetNoticeReceiver        (libpq()->PQsetNoticeReceiver_)
#define PQsetSingleRowMode         (libpq()->PQsetSingleRowMode_)
#define PQsetvalue                 (libpq()->PQsetvalue_)
#define PQsetnonblocking           (libpq()->PQsetnonblocking_)
#define PQsocket                   (libpq()->PQsocket_)
#define PQsslInUse                 (libpq()->PQsslInUse_)
#define PQstatus                   (libpq()->PQstatus_)
#define PQtransactionStatus        (libpq()->PQtransactionStatus_)

#endif
