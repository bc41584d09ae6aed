// Why: the facts of a transaction's event and the rule that decided it, as the journal keeps them beside the postings. The sentences that
// residents read are made from these (entry.h). Stored forms: docs/formats/records.md.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "fenfen/ledger/v1/facts.pb.h"
#include "ledger/core/ids.h"
#include "ledger/core/points.h"
#include "ledger/core/transaction.h"

namespace fenfen {

// What cut a drop's credit. On disk, do not renumber.
enum class Cut : uint8_t {
  kNone = 0,
  kDailyDrops = 1,   // the rule's credited drops of the day were used up
  kDailyReward = 2,  // the rule's reward points of the day were used up, in part or whole
  kNoRule = 3,       // no rule matched
  kCap = 4,          // another cap, DropWhy::cap
  kTooMany = 5,      // the household's log was full
  kBudget = 6,       // the town's budget of the month was used up; reward points and bonuses left out, civic points given
};

// What every household's entry carries: whose, and what it had right after.
struct HouseholdAfter {
  HouseholdId household;
  Points reward;
  Points civic;
};

struct EnrolmentWhy {
  HouseholdAfter after;
  uint32_t members = 0;
};

struct DropWhy {
  HouseholdAfter after;
  uint32_t member = 0;        // 0 if not known
  uint8_t category = 0;       // a v1::Category
  int64_t grams = 0;          // as weighed; 0 where nothing was weighed
  int64_t counted_grams = 0;  // what the rule multiplied
  CatalogueId station;
  uint64_t code_step = 0;  // of the station code scanned; 0 where none was
  uint32_t rule_version = 0;
  std::string rule;          // the rule's id; empty under kNoRule
  Cut cut = Cut::kNone;      // what cut it most
  std::string cap{};         // the cap's id under kCap; empty otherwise
  int64_t pieces = 0;        // 0 where none were counted
  std::string material{};    // empty for none
  uint8_t verification = 0;  // a v1::VerificationKind
  Points value_reward{};     // by the rule and campaigns, before any cap
  Points value_civic{};
  Points own_reward{};  // what this drop itself is credited
  // What the entry gives in all, debts repaid included: with what the drop earned in bonuses, less what other drops of the period lose by
  // it.
  Points given_reward{};
  std::vector<std::string> campaigns{};  // ids of those that matched
  std::vector<std::string> bonuses{};    // ids of those that it earned
};

struct VoucherWhy {  // of a reservation and of a capture
  HouseholdAfter after;
  VoucherId voucher;
  CatalogueId offer;
  CatalogueId merchant;
  Points price;
  std::string title_zh;
  std::string title_en;
};

struct CatalogueWhy {
  uint32_t written = 0;
  uint32_t unchanged = 0;
};

// Of every other kind: the facts as a message of fenfen.ledger.v1, and whose entry it is, where it is a household's (else household 0).
struct FactsWhy {
  HouseholdAfter after;
  ledger::v1::Facts facts;
};

using Why = std::variant<EnrolmentWhy, DropWhy, VoucherWhy, CatalogueWhy, FactsWhy>;

std::string EncodeWhy(const Why& why);
// The same for a drop, which is written most often.
std::string EncodeWhy(const DropWhy& why);
// Decodes the form that goes with the transaction's kind; DATA_LOSS where the bytes do not have it.
absl::StatusOr<Why> DecodeWhy(TransactionKind kind, absl::string_view bytes);

}  // namespace fenfen
