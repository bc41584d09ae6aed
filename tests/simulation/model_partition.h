// ModelPartition: the households, vouchers and balances of one partition as the model understands the rules: maps and plain arithmetic,
// nothing of the ledger's code but its identifiers, its reasons and the shape of a request. Slow and obvious on purpose.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <variant>

#include "absl/time/time.h"
#include "ledger/core/account.h"
#include "ledger/core/errors.h"
#include "tests/simulation/model_catalogue.h"
#include "tests/simulation/request.h"

namespace fenfen::sim {

// Amounts by account, without zeros.
using Amounts = std::map<AccountId, int64_t>;

// What a request does where its key is new: a refusal, or postings.
struct Decided {
  Reason refusal = Reason::REASON_UNSPECIFIED;  // unspecified: it has an effect
  Amounts postings;
  SharedModelCatalogue catalogue;  // what it makes of the catalogue, for an update of it
};

// The day in Shanghai, which is eight hours ahead the whole year, since 1970-01-01.
int32_t ShanghaiDay(absl::Time time);

class ModelPartition {
 public:
  struct Home {
    size_t members = 0;
    CatalogueId town;
    std::map<int32_t, int64_t> lots;  // by their last day
    struct Count {
      int64_t drops = 0;
      int64_t reward = 0;
    };
    std::map<std::pair<int32_t, int>, Count> counts;     // by day and category
    std::deque<std::pair<CatalogueId, uint64_t>> codes;  // the last used
  };

  // Decides and, unless refused, does it. `catalogue` is the one in force; for an update of the catalogue, the newest.
  Decided Execute(const Request& request, const SharedModelCatalogue& catalogue, absl::Time now);

  const std::map<HouseholdId, Home>& homes() const { return homes_; }
  const Amounts& balances() const { return balances_; }
  int64_t Balance(const AccountId& account) const;

 private:
  struct Voucher {
    CatalogueId merchant;
    int64_t price = 0;
    absl::Time expires;
    bool captured = false;
  };

  Decided Do(const Request& request, const v1::UpdateCatalogueRequest& update, const ModelCatalogue& catalogue, absl::Time now);
  Decided Do(const Request& request, const EnrolmentFacts& facts, const ModelCatalogue& catalogue, absl::Time now);
  Decided Do(const Request& request, const DropFacts& facts, const ModelCatalogue& catalogue, absl::Time now);
  Decided Do(const Request& request, const Reservation& facts, const ModelCatalogue& catalogue, absl::Time now);
  Decided Do(const Request& request, const CaptureFacts& facts, const ModelCatalogue& catalogue, absl::Time now);

  std::map<HouseholdId, Home> homes_;
  std::map<VoucherId, Voucher> vouchers_;
  Amounts balances_;
};

}  // namespace fenfen::sim
