// Shopping: who is keen has something to spend. Most vouchers are captured within days, some are cancelled, what nobody fetches expires by
// itself; some of what was captured is taken back. On one day there is a fair, where many are captured at one stall.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "clients/ctl/demo/history/areas.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/voucher.grpc.pb.h"

namespace fenfen::ctl {

namespace {

using Vouchers = v1::VoucherService::Stub;

constexpr double kShoppersADay = 0.05;  // of the keen
constexpr int64_t kPriceMax = 500;      // whole points
constexpr double kCancelled = 0.08, kForgotten = 0.15, kRefunded = 0.06;
constexpr double kFair = 0.6;
constexpr size_t kFairCodesMax = 50;

// The offers of the first three merchants are the most in demand.
const DemoOffer* PickOffer(Story& story, int64_t balance) {
  std::vector<const DemoOffer*> affordable;
  for (const DemoOffer& offer : story.district.offers) {
    if (offer.points * 100 <= balance && offer.points <= kPriceMax) affordable.push_back(&offer);
  }
  if (affordable.empty()) return nullptr;
  return affordable[static_cast<size_t>(story.random.Below(static_cast<int64_t>(affordable.size())))];
}

absl::Status Reserve(Story& story, size_t household) {
  v1::GetBalanceRequest ask;
  ask.set_household(story.Household(household));
  const auto balance = story.stage.Ask(story.Resident(household), &v1::HouseholdService::Stub::GetBalance, ask);
  if (!balance.ok()) return balance.status();
  const DemoOffer* offer = PickOffer(story, balance->balance().reward());
  if (offer == nullptr) return absl::OkStatus();
  v1::ReserveVoucherRequest request;
  request.set_household(ask.household());
  request.set_offer(absl::StrCat("offers/", offer->id));
  const auto reserved = story.stage.Change(story.Resident(household), &Vouchers::ReserveVoucher, request);
  // A household's limit, or the stock, is a refusal that people meet, too.
  if (!reserved.ok()) return absl::OkStatus();
  ++story.counts.reserved;
  const double fate = story.random.Unit();
  const int due = fate < kForgotten ? story.days : story.day + static_cast<int>(story.random.Below(3));
  story.vouchers.push_back({reserved->voucher().name(), reserved->voucher().code(), offer->id, offer->merchant,
                            MemberNameOf(story.district, household), due, fate >= kForgotten && fate < kForgotten + kCancelled});
  return absl::OkStatus();
}

// The first merchant has two people and a till, and any of them captures.
Person CapturerOf(Story& story, const std::string& merchant) {
  const std::string name = absl::StrCat("merchants/", merchant, "/operators/");
  if (merchant != story.district.merchants[0].id) return MerchantPerson(name + "op1");
  const int64_t who = story.random.Below(3);
  return who == 0 ? TillPerson(name + "till") : MerchantPerson(name + (who == 1 ? "op1" : "op2"));
}

absl::Status Settle(Story& story, const StoryVoucher& voucher) {
  if (voucher.cancel) {
    v1::CancelVoucherRequest cancel;
    cancel.set_name(voucher.name);
    const auto cancelled = story.stage.Change(ResidentPerson(voucher.member), &Vouchers::CancelVoucher, cancel);
    story.counts.cancelled += cancelled.ok();
    return cancelled.status();
  }
  v1::CaptureVoucherRequest capture;
  capture.set_merchant(absl::StrCat("merchants/", voucher.merchant));
  capture.set_code(voucher.code);
  const auto captured = story.stage.Change(CapturerOf(story, voucher.merchant), &Vouchers::CaptureVoucher, capture);
  if (!captured.ok()) return captured.status();
  ++story.counts.captured;
  return absl::OkStatus();
}

// What somebody took back on the day after; a shop that takes nothing back says so.
void RefundSome(Story& story) {
  for (const StoryVoucher& voucher : story.refundable) {
    v1::RefundVoucherRequest refund;
    refund.set_name(voucher.name);
    story.counts.refunded += story.stage.Change(StaffPerson("C01"), &Vouchers::RefundVoucher, refund).ok();
  }
  story.refundable.clear();
}

// All that is open of the first merchant, at its stall.
absl::Status Fair(Story& story) {
  v1::CaptureVouchersRequest capture;
  capture.set_merchant(absl::StrCat("merchants/", story.district.merchants[0].id));
  std::vector<StoryVoucher> left;
  for (const StoryVoucher& voucher : story.vouchers) {
    const bool at_stall = voucher.merchant == story.district.merchants[0].id && !voucher.cancel && voucher.due_day < story.days &&
                          static_cast<size_t>(capture.codes_size()) < kFairCodesMax;
    if (at_stall) capture.add_codes(voucher.code);
    if (!at_stall) left.push_back(voucher);
  }
  story.vouchers = std::move(left);
  if (capture.codes().empty()) return absl::OkStatus();
  const Person op = MerchantPerson(absl::StrCat(capture.merchant(), "/operators/op2"));
  const auto captured = story.stage.Change(op, &Vouchers::CaptureVouchers, capture);
  if (captured.ok()) story.counts.captured += captured->captured();
  return captured.status();
}

absl::StatusOr<StoryVoucher> ReserveNow(Story& story, size_t household, const DemoOffer& offer) {
  v1::ReserveVoucherRequest request;
  request.set_household(story.Household(household));
  request.set_offer(absl::StrCat("offers/", offer.id));
  const auto reserved = story.stage.Change(story.Resident(household), &Vouchers::ReserveVoucher, request);
  if (!reserved.ok()) return reserved.status();
  ++story.counts.reserved;
  return StoryVoucher{reserved->voucher().name(), reserved->voucher().code(), offer.id, offer.merchant,
                      MemberNameOf(story.district, household)};
}

// So that these merchants have something to settle, however small the district is.
absl::Status BuyOf(Story& story, size_t merchant) {
  const auto offer = std::find_if(story.district.offers.begin(), story.district.offers.end(),
                                  [&](const DemoOffer& candidate) { return candidate.merchant == story.district.merchants[merchant].id; });
  const absl::StatusOr<StoryVoucher> voucher = ReserveNow(story, story.cast.rich, *offer);
  if (!voucher.ok()) return voucher.status();
  return Settle(story, *voucher);
}
absl::Status BuyOfSecond(Story& story) { return BuyOf(story, 1); }
absl::Status BuyOfThird(Story& story) { return BuyOf(story, 2); }

// A voucher of each fate for one household, so that whoever looks finds them: one that nobody fetches, one cancelled, one taken back.
absl::Status Forget(Story& story) {
  const auto fresh = std::find_if(story.district.offers.begin(), story.district.offers.end(),
                                  [](const DemoOffer& offer) { return offer.voucher_days <= 7; });
  return ReserveNow(story, story.cast.adjusted, *fresh).status();
}
absl::Status CancelOne(Story& story) {
  absl::StatusOr<StoryVoucher> voucher = ReserveNow(story, story.cast.adjusted, story.district.offers[0]);
  if (!voucher.ok()) return voucher.status();
  voucher->cancel = true;
  return Settle(story, *voucher);
}
absl::Status TakeOneBack(Story& story) {
  const absl::StatusOr<StoryVoucher> voucher = ReserveNow(story, story.cast.adjusted, story.district.offers[0]);
  if (!voucher.ok()) return voucher.status();
  if (absl::Status captured = Settle(story, *voucher); !captured.ok()) return captured;
  story.refundable.push_back(*voucher);
  return absl::OkStatus();
}

}  // namespace

absl::Status PlayShopping(Story& story) {
  story.stage.MoveTo(story.At(16));
  RefundSome(story);
  const auto shoppers = std::max<size_t>(2, static_cast<size_t>(static_cast<double>(story.keen.size()) * kShoppersADay));
  for (size_t i = 0; i < shoppers && !story.keen.empty(); ++i) {
    const size_t household = story.keen[static_cast<size_t>(story.random.Below(static_cast<int64_t>(story.keen.size())))];
    if (absl::Status reserved = Reserve(story, household); !reserved.ok()) return reserved;
    story.stage.Advance(absl::Seconds(20));
  }
  if (story.day == story.DayAt(kFair)) {
    if (absl::Status fair = Fair(story); !fair.ok()) return fair;
  }
  static constexpr Step kSteps[] = {{0.55, Forget}, {0.6, CancelOne}, {0.65, TakeOneBack}, {0.65, BuyOfSecond}, {0.7, BuyOfThird}};
  if (absl::Status played = PlaySteps(story, kSteps); !played.ok()) return played;
  std::vector<StoryVoucher> open;
  open.swap(story.vouchers);
  for (StoryVoucher& voucher : open) {
    if (voucher.due_day > story.day) {
      story.vouchers.push_back(std::move(voucher));
      continue;
    }
    if (absl::Status settled = Settle(story, voucher); !settled.ok()) return settled;
    if (!voucher.cancel && story.random.Chance(kRefunded)) story.refundable.push_back(voucher);
    story.stage.Advance(absl::Seconds(10));
  }
  return absl::OkStatus();
}

}  // namespace fenfen::ctl
