#include "ledger/points/drop.h"

#include <algorithm>

#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/earning/earn.h"
#include "ledger/points/purse.h"
#include "ledger/points/verification/pending.h"

namespace fenfen {
namespace {

absl::Status UseCode(HouseholdRecord& household, const DropFacts& facts) {
  if (!facts.code_step) return absl::OkStatus();
  const UsedCode code{facts.station, *facts.code_step};
  std::vector<UsedCode>& codes = household.codes;
  if (std::find(codes.begin(), codes.end(), code) != codes.end()) return Refuse(Reason::REASON_STATION_CODE_USED, {}, "station_code");
  if (codes.size() >= static_cast<size_t>(limits::kStationCodesKept)) codes.erase(codes.begin());
  codes.push_back(code);
  return absl::OkStatus();
}

}  // namespace

ReadSet DropReads(const DropFacts& facts) { return {{KeyOf(facts.household)}, PurseAccounts(facts.household)}; }

ReadSet DropReads(const DropFacts& facts, const Catalogue& catalogue, const DecisionContext& context) {
  ReadSet reads = DropReads(facts);
  if (MayWait(facts, catalogue, context)) AddWaitingReads(facts, context, reads);
  return reads;
}

absl::StatusOr<Transaction> DecideDrop(const View& view, const DropFacts& facts, const Catalogue& catalogue,
                                       const DecisionContext& context) {
  if (absl::Status status = CheckDrop(facts, catalogue, context); !status.ok()) return status;
  const int32_t today = DayNumberOf(context.now, context.zone);
  const bool open = IsOpen(DayNumberOf(facts.event_time, context.zone), today, catalogue);
  if (!open && !facts.may_be_late) return Refuse(Reason::REASON_EVENT_TOO_OLD, {}, "event_time");
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, facts.household);
  if (!found.ok()) return found.status();
  HouseholdRecord& household = found->record;
  if (!IsMember(household, facts.member)) return Refuse(Reason::REASON_MEMBER_UNKNOWN, {}, "member");
  if (absl::Status status = UseCode(household, facts); !status.ok()) return status;

  Judgement judged = Judge(facts, household, catalogue, context.zone);
  judged.event.id = EventIdOf(context.key);
  bool too_many_wait = false;
  if ((!open || facts.bag != 0 || judged.rules->has_policies()) && MayWait(facts, catalogue, context)) {
    if (const std::optional<Waiting> waiting = WhyItWaits(facts, household, catalogue, context)) {
      too_many_wait = PendingOf(household) >= kPendingMax;
      if (!too_many_wait) return DecidePending(view, facts, *waiting, *found, judged, context);
    }
  }
  Transaction transaction = BeginTransaction(TransactionKind::kDrop, context, facts.event_time);
  Purse purse(view, facts.household, household, transaction);
  Applied applied;
  if (too_many_wait) {
    applied.too_many = true;
  } else if (judged.rule != nullptr) {
    if (absl::Status status = ApplyDrop(household, judged, catalogue, today, applied); !status.ok()) return status;
    Post(purse, judged, applied, catalogue.TownOf(household.region));
  }
  transaction.changes.push_back({KeyOf(facts.household), found->version, EncodeHousehold(household)});
  transaction.why = EncodeWhy(WhyOf(facts, judged, judged.rule == nullptr ? nullptr : &applied, purse.After()));
  return transaction;
}

}  // namespace fenfen
