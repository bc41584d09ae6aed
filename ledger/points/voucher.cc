#include "ledger/points/voucher.h"

#include "ledger/core/check.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/lots.h"

namespace fenfen {
namespace {

// For people, in the programme's time zone: "2026-11-21 18:05".
std::string FormatMinute(absl::Time time, absl::TimeZone zone) { return absl::FormatTime("%Y-%m-%d %H:%M", time, zone); }

// The instant at which the `days`th day after `now` ends.
absl::Time EndOfDayAfter(absl::Time now, int days, absl::TimeZone zone) {
  return absl::FromCivil(absl::ToCivilDay(now, zone) + days + 1, zone);
}

}  // namespace

VoucherId VoucherIdFor(HouseholdId household, const RequestKey& key) {
  constexpr uint64_t kLow56 = (uint64_t{1} << 56) - 1;
  const uint64_t hash = MixBits(MixBits(key.high ^ MixBits(key.low)) ^ household.value());
  return VoucherId(uint64_t{PartitionOf(household).value()} << 56 | (hash & kLow56));
}

ReadSet ReserveReads(HouseholdId household, VoucherId voucher) {
  return {{KeyOf(household), KeyOf(voucher)}, {RewardAccount(household), CivicAccount(household), HeldAccount(household)}};
}

absl::StatusOr<Transaction> DecideReserve(const View& view, HouseholdId household, CatalogueId offer_id, const Catalogue& catalogue,
                                          const DecisionContext& context) {
  const v1::Offer* offer = catalogue.Find<v1::Offer>(offer_id);
  if (offer == nullptr || offer->withdrawn()) return Refuse(Reason::REASON_OFFER_UNKNOWN, {}, "offer");
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, household);
  if (!found.ok()) return found.status();
  const Points price(offer->price());
  const int32_t today = DayNumberOf(context.now, context.zone);
  absl::StatusOr<std::vector<Lot>> taken = TakeFromLots(found->record.lots, price, today);
  if (!taken.ok()) return taken.status();

  const VoucherId voucher_id = VoucherIdFor(household, context.key);
  // Two keys of one household with one hash of 56 bits: let the client try again with a new key rather than overwrite a voucher.
  if (view.Record(KeyOf(voucher_id))) return Refuse(Reason::REASON_REQUEST_ID_REUSED);
  VoucherRecord voucher;
  voucher.household = household;
  voucher.offer = offer_id;
  voucher.merchant = CatalogueIdOf(offer->merchant());
  voucher.price = price;
  voucher.reserve_time = context.now;
  voucher.expire_time = EndOfDayAfter(context.now, offer->voucher_days(), context.zone);
  voucher.capture_time = absl::UnixEpoch();
  voucher.previous = found->record.last_voucher;
  voucher.lots = *std::move(taken);
  voucher.title_zh = offer->title_zh();
  voucher.title_en = offer->title_en();
  found->record.last_voucher = voucher_id;

  const std::optional<Points> reward_after = Add(view.Balance(RewardAccount(household)), -price);
  FENFEN_CHECK(reward_after && *reward_after >= Points(0));  // the lots add up to the balance
  Transaction transaction = BeginTransaction(TransactionKind::kReservation, context, context.now);
  Transfer(transaction, RewardAccount(household), HeldAccount(household), price);
  transaction.changes.push_back({KeyOf(household), found->version, EncodeHousehold(found->record)});
  transaction.changes.push_back({KeyOf(voucher_id), PartitionSeq(0), EncodeVoucher(voucher)});
  transaction.why = EncodeWhy(VoucherWhy{{household, *reward_after, view.Balance(CivicAccount(household))},
                                         voucher_id,
                                         offer_id,
                                         voucher.merchant,
                                         price,
                                         voucher.title_zh,
                                         voucher.title_en});
  return transaction;
}

ReadSet CaptureReads(HouseholdId household, VoucherId voucher) { return ReserveReads(household, voucher); }

absl::StatusOr<Transaction> DecideCapture(const View& view, const CaptureFacts& facts, const DecisionContext& context) {
  absl::StatusOr<Versioned<VoucherRecord>> found = ReadVoucher(view, facts.voucher);
  if (!found.ok()) return found.status();
  VoucherRecord& voucher = found->record;
  if (voucher.merchant != facts.merchant) return Refuse(Reason::REASON_VOUCHER_OTHER_MERCHANT, {}, "code");
  if (voucher.state == VoucherState::kCaptured) {
    return Refuse(Reason::REASON_VOUCHER_USED, {{"time", FormatMinute(voucher.capture_time, context.zone)}}, "code");
  }
  if (context.now >= voucher.expire_time) {
    return Refuse(Reason::REASON_VOUCHER_EXPIRED, {{"time", FormatMinute(voucher.expire_time, context.zone)}}, "code");
  }
  absl::StatusOr<Versioned<HouseholdRecord>> household = ReadHousehold(view, facts.household);
  if (!household.ok()) return household.status();
  FENFEN_CHECK(voucher.household == facts.household);

  voucher.state = VoucherState::kCaptured;
  voucher.capture_time = context.now;
  voucher.operator_id = facts.operator_id;
  Transaction transaction = BeginTransaction(TransactionKind::kCapture, context, context.now);
  Transfer(transaction, HeldAccount(facts.household), {AccountKind::kMerchant, Asset::kReward, facts.merchant.value()}, voucher.price);
  // The household is written unchanged: its chain of versions is its statement.
  transaction.changes.push_back({KeyOf(facts.household), household->version, EncodeHousehold(household->record)});
  transaction.changes.push_back({KeyOf(facts.voucher), found->version, EncodeVoucher(voucher)});
  transaction.why =
      EncodeWhy(VoucherWhy{{facts.household, view.Balance(RewardAccount(facts.household)), view.Balance(CivicAccount(facts.household))},
                           facts.voucher,
                           voucher.offer,
                           voucher.merchant,
                           voucher.price,
                           voucher.title_zh,
                           voucher.title_en});
  return transaction;
}

}  // namespace fenfen
