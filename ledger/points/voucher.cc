#include "ledger/points/voucher.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/codes.h"
#include "ledger/points/lots.h"
#include "ledger/points/purse.h"
#include "ledger/points/spending/offer_terms.h"
#include "ledger/points/trust/cases.h"

namespace fenfen {
namespace {

// The instant at which the `days`th day after `now` ends.
absl::Time EndOfDayAfter(absl::Time now, int days, absl::TimeZone zone) {
  return absl::FromCivil(absl::ToCivilDay(now, zone) + days + 1, zone);
}

// The offer, if it can be had now, by anyone.
absl::StatusOr<const v1::Offer*> FindOffer(const ReserveFacts& facts, const Catalogue& catalogue, const DecisionContext& context) {
  const v1::Offer* offer = catalogue.Find<v1::Offer>(facts.offer);
  if (offer == nullptr || offer->withdrawn()) return Refuse(Reason::REASON_OFFER_UNKNOWN, {}, "offer");
  if (facts.quantity < 1 || facts.quantity > QuantityMax(*offer)) {
    return Refuse(Reason::REASON_OFFER_QUANTITY, {{"limit", absl::StrCat(QuantityMax(*offer))}}, "quantity");
  }
  if (absl::Status on_sale = CheckOnSale(*offer, context.now, context.zone); !on_sale.ok()) return on_sale;
  return offer;
}

// Whether this household may have it.
absl::Status CheckHousehold(const View& view, const ReserveFacts& facts, const v1::Offer& offer, const HouseholdRecord& household,
                            const Catalogue& catalogue, int32_t today) {
  const auto& regions = offer.regions();
  const bool reached = regions.empty() || std::any_of(regions.begin(), regions.end(), [&](const std::string& region) {
                         return catalogue.IsWithin(household.region, CatalogueIdOf(region));
                       });
  if (!reached) return Refuse(Reason::REASON_OFFER_NOT_IN_REGION, {}, "offer");
  const bool known_member = facts.member >= 1 && facts.member <= household.members.size();
  if (offer.adults_only() && known_member && household.members[facts.member - 1].role == MemberRole::kMinor) {
    return Refuse(Reason::REASON_OFFER_ADULTS_ONLY, {}, "offer");
  }
  const Points civic = view.Balance(CivicAccount(facts.household));
  if (civic < Points(offer.civic_min())) {
    return Refuse(Reason::REASON_OFFER_CIVIC_TOO_LOW,
                  {{"needed", FormatPoints(Points(offer.civic_min()))}, {"present", FormatPoints(civic)}}, "offer");
  }
  return CheckLimits(offer, household.uses, facts.quantity, today);
}

// What the pieces cost together; both factors are bounded in the catalogue.
Points PriceOf(const ReserveFacts& facts, const v1::Offer& offer, int32_t today) {
  return *MultiplyDown(PriceOn(offer, today).first, facts.quantity, 1);
}

// The voucher as it begins, but for what it is paid from.
VoucherRecord BeginVoucher(const ReserveFacts& facts, const v1::Offer& offer, int32_t today, const DecisionContext& context) {
  const auto [price, version] = PriceOn(offer, today);
  VoucherRecord voucher;
  voucher.household = facts.household;
  voucher.offer = facts.offer;
  voucher.merchant = CatalogueIdOf(offer.merchant());
  voucher.price = *MultiplyDown(price, facts.quantity, 1);  // both are bounded in the catalogue
  voucher.quantity = facts.quantity;
  voucher.price_version = version;
  voucher.reserve_time = context.now;
  voucher.expire_time = EndOfDayAfter(context.now, offer.voucher_days(), context.zone);
  voucher.capture_time = absl::UnixEpoch();
  voucher.close_time = absl::UnixEpoch();
  voucher.hold = facts.hold;
  voucher.refund_days = offer.refund_days();
  const std::string times = facts.quantity == 1 ? "" : absl::StrCat(" × ", facts.quantity);
  voucher.title_zh = absl::StrCat(offer.title_zh(), times);
  voucher.title_en = absl::StrCat(offer.title_en(), times);
  return voucher;
}

// Two keys of one household with one hash of 56 bits: let the client try again with a new key rather than overwrite a voucher. The same
// where the number was taken because the reservation's stock was given back.
absl::Status CheckNumberFree(const View& view, VoucherId voucher) {
  const absl::StatusOr<Versioned<VoucherRecord>> taken = ReadVoucher(view, voucher);
  if (!taken.ok()) return view.Record(KeyOf(voucher)) ? taken.status() : absl::OkStatus();
  const bool is_void = taken->record.state == VoucherState::kVoid;
  return Refuse(is_void ? Reason::REASON_RESERVATION_LAPSED : Reason::REASON_REQUEST_ID_REUSED);
}

}  // namespace

std::string FormatMinute(absl::Time time, absl::TimeZone zone) { return absl::FormatTime("%Y-%m-%d %H:%M", time, zone); }

VoucherId VoucherIdFor(HouseholdId household, const RequestKey& key) {
  constexpr uint64_t kLow56 = (uint64_t{1} << 56) - 1;
  const uint64_t hash = MixBits(MixBits(key.high ^ MixBits(key.low)) ^ household.value());
  return VoucherId(uint64_t{PartitionOf(household).value()} << 56 | (hash & kLow56));
}

ReadSet ReserveReads(HouseholdId household, VoucherId voucher) {
  return {{KeyOf(household), KeyOf(voucher), RiskKey(household)},
          {RewardAccount(household), CivicAccount(household), HeldAccount(household)}};
}

absl::Status CheckReserve(const View& view, const ReserveFacts& facts, const Catalogue& catalogue, const DecisionContext& context) {
  const absl::StatusOr<const v1::Offer*> offer = FindOffer(facts, catalogue, context);
  if (!offer.ok()) return offer.status();
  const absl::StatusOr<Versioned<HouseholdRecord>> household = ReadHousehold(view, facts.household);
  if (!household.ok()) return household.status();
  const int32_t today = DayNumberOf(context.now, context.zone);
  absl::Status allowed = CheckHousehold(view, facts, **offer, household->record, catalogue, today);
  if (!allowed.ok()) return allowed;
  const Points price = PriceOf(facts, **offer, today);
  if (absl::Status held = CheckNotHeld(view, facts.household, price, context); !held.ok()) return held;
  std::vector<Lot> lots = household->record.lots;
  return TakeFromLots(lots, price, today).status();
}

absl::StatusOr<Transaction> DecideReserve(const View& view, const ReserveFacts& facts, const Catalogue& catalogue,
                                          const DecisionContext& context) {
  const absl::StatusOr<const v1::Offer*> offer = FindOffer(facts, catalogue, context);
  if (!offer.ok()) return offer.status();
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, facts.household);
  if (!found.ok()) return found.status();
  HouseholdRecord& household = found->record;
  const int32_t today = DayNumberOf(context.now, context.zone);
  if (absl::Status allowed = CheckHousehold(view, facts, **offer, household, catalogue, today); !allowed.ok()) return allowed;
  if (absl::Status held = CheckNotHeld(view, facts.household, PriceOf(facts, **offer, today), context); !held.ok()) return held;
  const VoucherId voucher_id = VoucherIdFor(facts.household, context.key);
  if (absl::Status free = CheckNumberFree(view, voucher_id); !free.ok()) return free;
  if (HasStock(**offer) && facts.hold == 0) return Refuse(Reason::REASON_RESERVATION_LAPSED);

  VoucherRecord voucher = BeginVoucher(facts, **offer, today, context);
  Transaction transaction = BeginTransaction(TransactionKind::kReservation, context, context.now);
  Purse purse(view, facts.household, household, transaction);
  absl::StatusOr<std::vector<Lot>> taken = purse.Spend(HeldAccount(facts.household), voucher.price, today);
  if (!taken.ok()) return taken.status();
  voucher.lots = *std::move(taken);
  voucher.previous = household.last_voucher;
  household.last_voucher = voucher_id;
  if (absl::Status noted = AddUse(**offer, household.uses, facts.quantity, today); !noted.ok()) return noted;

  transaction.changes.push_back({KeyOf(facts.household), found->version, EncodeHousehold(household)});
  transaction.changes.push_back({KeyOf(voucher_id), PartitionSeq(0), EncodeVoucher(voucher)});
  transaction.why =
      EncodeWhy(VoucherWhy{purse.After(), voucher_id, facts.offer, voucher.merchant, voucher.price, voucher.title_zh, voucher.title_en});
  return transaction;
}

absl::Status CheckReserved(const VoucherRecord& voucher, absl::TimeZone zone) {
  const auto refuse = [&](Reason reason, absl::Time time) { return Refuse(reason, {{"time", FormatMinute(time, zone)}}, "code"); };
  switch (voucher.state) {
    case VoucherState::kReserved:
      return absl::OkStatus();
    case VoucherState::kCaptured:
      return refuse(Reason::REASON_VOUCHER_USED, voucher.capture_time);
    case VoucherState::kCancelled:
      return refuse(Reason::REASON_VOUCHER_CANCELLED, voucher.close_time);
    case VoucherState::kExpired:
      return refuse(Reason::REASON_VOUCHER_EXPIRED, voucher.expire_time);
    case VoucherState::kRefunded:
      return refuse(Reason::REASON_VOUCHER_REFUNDED, voucher.close_time);
    case VoucherState::kVoid:
      break;
  }
  return Refuse(Reason::REASON_VOUCHER_UNKNOWN, {}, "code");
}

ReadSet CaptureReads(HouseholdId household, VoucherId voucher) { return ReserveReads(household, voucher); }

absl::StatusOr<Transaction> DecideCapture(const View& view, const CaptureFacts& facts, const DecisionContext& context) {
  absl::StatusOr<Versioned<VoucherRecord>> found = ReadVoucher(view, facts.voucher);
  if (!found.ok()) return found.status();
  VoucherRecord& voucher = found->record;
  if (voucher.merchant != facts.merchant) return Refuse(Reason::REASON_VOUCHER_OTHER_MERCHANT, {}, "code");
  if (absl::Status step = CheckScreenStep(facts.step, context.now); !step.ok()) return step;
  if (absl::Status reserved = CheckReserved(voucher, context.zone); !reserved.ok()) return reserved;
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
