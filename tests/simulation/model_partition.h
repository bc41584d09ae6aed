// ModelPartition: the households, vouchers and balances of one partition as the model understands the rules: maps and plain arithmetic,
// nothing of the ledger's code but its identifiers, its reasons and the shape of a request. Slow and obvious on purpose.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "ledger/core/account.h"
#include "ledger/core/errors.h"
#include "ledger/core/transaction.h"
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
  // Of a drop and of what becomes of one: the entry's kind.
  std::optional<TransactionKind> kind{};
};

// The day in Shanghai, which is eight hours ahead the whole year, since 1970-01-01.
int32_t ShanghaiDay(absl::Time time);

class ModelPartition {
 public:
  // A drop that was recorded and not credited at once.
  struct Waiting {
    DropFacts facts;
    int32_t day = 0;
    std::optional<absl::Time> due;  // nullopt where a person decides
    bool due_release = false;
    bool decided = false;
  };
  struct Home {
    size_t members = 0;
    CatalogueId town;
    std::map<int32_t, int64_t> lots;  // by their last day
    int64_t debt = 0;
    std::map<int32_t, std::vector<ModelEvent>> events;   // by day
    std::map<int32_t, ModelCredit> credited;             // by day
    std::map<int32_t, const ModelRules*> rules;          // by day: those of its first drop
    std::deque<std::pair<CatalogueId, uint64_t>> codes;  // the last used
    std::map<RequestKey, Waiting> waiting;               // by the drop's request
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

  // Lets go of days that are over, puts the drop in, and posts what its block is worth more or less than before.
  void Credit(Home& home, HouseholdId household, const ModelEvent& event, const ModelRules& rules_of_day, const ModelCatalogue& catalogue,
              int32_t today, int32_t spendable_until, Amounts& postings);
  // Lets go of the days before `kept`, but for the blocks in which a drop waits.
  static void LetGo(Home& home, int32_t kept);
  // The same of a drop: nothing where no rule pays for it.
  void CreditDrop(Home& home, const RequestKey& key, const DropFacts& facts, const ModelCatalogue& catalogue, int32_t today,
                  int32_t spendable_until, Amounts& postings);
  void Give(Home& home, HouseholdId household, int64_t reward, int32_t last_day, Amounts& postings);

  Decided Do(const Request& request, const v1::UpdateCatalogueRequest& update, const ModelCatalogue& catalogue, absl::Time now);
  Decided Do(const Request& request, const EnrolmentFacts& facts, const ModelCatalogue& catalogue, absl::Time now);
  Decided Do(const Request& request, const DropFacts& facts, const ModelCatalogue& catalogue, absl::Time now);
  Decided Do(const Request& request, const Reservation& facts, const ModelCatalogue& catalogue, absl::Time now);
  Decided Do(const Request& request, const CaptureFacts& facts, const ModelCatalogue& catalogue, absl::Time now);
  Decided Do(const Request& request, const Decision& decision, const ModelCatalogue& catalogue, absl::Time now);

  std::map<HouseholdId, Home> homes_;
  std::map<VoucherId, Voucher> vouchers_;
  Amounts balances_;
};

}  // namespace fenfen::sim
