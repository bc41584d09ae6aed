// Why: the facts of a transaction's event and the rule that decided it, as the journal keeps them beside the postings. The sentences that
// residents read are made from these (entry.h). Stored forms: docs/formats/records.md.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "ledger/core/ids.h"
#include "ledger/core/points.h"
#include "ledger/core/transaction.h"

namespace fenfen {

// What cut a drop's credit. On disk, do not renumber.
enum class Cut : uint8_t {
  kNone = 0,
  kDailyDrops = 1,   // the day's credited drops of the category were used up
  kDailyReward = 2,  // the day's reward points of the category were used up, in part or whole
  kNoRule = 3,       // the rules give nothing for the category
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
  std::string rule;  // the rule's id; empty under kNoRule
  Cut cut = Cut::kNone;
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

using Why = std::variant<EnrolmentWhy, DropWhy, VoucherWhy, CatalogueWhy>;

std::string EncodeWhy(const Why& why);
// Decodes the form that goes with the transaction's kind; DATA_LOSS where the bytes do not have it.
absl::StatusOr<Why> DecodeWhy(TransactionKind kind, absl::string_view bytes);

}  // namespace fenfen
