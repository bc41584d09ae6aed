#include "ledger/points/keeping/expiry.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/correcting/grounds.h"
#include "ledger/points/purse.h"

namespace fenfen {
namespace {

Sentence NoticeSentence(Points amount, int32_t expires_day, int32_t today) {
  const std::string points = FormatPoints(amount);
  const std::string day = DayText(expires_day);
  const int32_t left = expires_day - today;
  if (left == 0) {
    return {absl::StrCat(points, " 兑换积分今天（", day, "）最后一天可用，今天不用就会过期"),
            absl::StrCat(points, " reward points can be spent until today, ", day, "; after it they lapse")};
  }
  return {
      absl::StrCat(points, " 兑换积分将于 ", day, " 之后过期，还有 ", left, " 天，请在此之前兑换"),
      absl::StrCat(points, " reward points lapse after ", day, ", in ", left, left == 1 ? " day" : " days", "; please spend them before")};
}

}  // namespace

// Lots are kept by day, the earliest first.
bool HasExpired(const HouseholdRecord& household, int32_t today) {
  return !household.lots.empty() && household.lots.front().expires_day < today;
}

RequestKey ExpiryKey(HouseholdId household, absl::Time now, absl::TimeZone zone) {
  return DerivedKey(absl::FromCivil(absl::ToCivilDay(now, zone), zone), absl::StrCat("expiry/", household.value()));
}

ReadSet ExpiryReads(HouseholdId household) { return {{KeyOf(household)}, PurseAccounts(household)}; }

absl::StatusOr<Transaction> DecideExpiry(const View& view, HouseholdId id, const Catalogue& catalogue, const DecisionContext& context) {
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, id);
  if (!found.ok()) return found.status();
  HouseholdRecord& household = found->record;
  const int32_t today = DayNumberOf(context.now, context.zone);
  if (!HasExpired(household, today)) return Refuse(Reason::REASON_NOTHING_EXPIRED);

  FactsWhy why;
  ledger::v1::ExpiryFacts& facts = *why.facts.mutable_keeping()->mutable_expiry();
  facts.set_day(today);
  for (const Lot& lot : household.lots) {
    if (lot.expires_day >= today) break;
    ledger::v1::ExpiryFacts::Lot& out = *facts.add_lots();
    out.set_expires_day(lot.expires_day);
    out.set_amount(lot.amount.hundredths());
  }
  Transaction transaction = BeginTransaction(TransactionKind::kExpiry, context, context.now);
  Purse purse(view, id, household, transaction);
  purse.Expire({AccountKind::kExpired, Asset::kReward, catalogue.TownOf(household.region).value()}, today);
  transaction.changes.push_back({KeyOf(id), found->version, EncodeHousehold(household)});
  why.after = purse.After();
  transaction.why = EncodeWhy(why);
  return transaction;
}

Sentence ExpirySentence(const ledger::v1::ExpiryFacts& facts) {
  int64_t sum = 0;
  for (const ledger::v1::ExpiryFacts::Lot& lot : facts.lots()) sum += lot.amount();
  const std::string points = FormatPoints(Points(sum));
  if (facts.lots().empty()) return {};
  const std::string first = DayText(facts.lots(0).expires_day());
  const std::string last = DayText(facts.lots(facts.lots_size() - 1).expires_day());
  const bool one = first == last;
  return {absl::StrCat(points, " 兑换积分有效期", one ? "至 " : "分别至 ", first, one ? "" : absl::StrCat("–", last),
                       "，到期未使用，已过期；以后在到期前兑换就不会作废"),
          absl::StrCat(points, " reward points could be spent until ", first, one ? "" : absl::StrCat(" to ", last),
                       " and were not, so they lapsed; points that are spent before their day are not lost")};
}

std::vector<ExpiryNotice> ExpiryNotices(const HouseholdRecord& household, int32_t today) {
  std::vector<ExpiryNotice> notices;
  for (const Lot& lot : household.lots) {
    if (lot.expires_day < today) continue;
    const int32_t left = lot.expires_day - today;
    ExpiryNotice notice;
    for (const int days : kExpiryNoticeDays) {
      if (left <= days) notice.days_ahead = days;
    }
    if (notice.days_ahead == 0) break;  // and those after it are later still
    notice.expires_day = lot.expires_day;
    notice.notice_day = lot.expires_day - notice.days_ahead;
    notice.amount = lot.amount;
    notice.sentence = NoticeSentence(lot.amount, lot.expires_day, today);
    notices.push_back(std::move(notice));
  }
  return notices;
}

}  // namespace fenfen
