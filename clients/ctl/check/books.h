// Compares what the server says of every household with an independent sum over the journal. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_CHECK_BOOKS_H_
#define FENFEN_CLIENTS_CTL_CHECK_BOOKS_H_

#include <boost/json/object.hpp>

#include "clients/ctl/check/journeys.h"

namespace fenfen::ctl {

// Asks the server, as an auditor over gRPC, for every household's balance, lets `fenfenctl verify` derive the same from the journal and
// compare the state's digests, and notes every difference. What was compared, for the report.
boost::json::object CompareBooks(Tour* tour);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_CHECK_BOOKS_H_
