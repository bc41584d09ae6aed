#include "ledger/points/entry.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ledger/core/clock.h"
#include "ledger/points/earning/earn.h"
#include "ledger/points/facts_text.h"
#include "ledger/points/keeping/household_people.h"
#include "ledger/points/lots.h"
#include "ledger/points/sentence.h"

namespace fenfen {
namespace {

void SetTime(google::protobuf::Timestamp& out, absl::Time time) {
  const int64_t micros = absl::ToUnixMicros(time);
  const int64_t seconds = micros >= 0 ? micros / 1'000'000 : -((-micros + 999'999) / 1'000'000);
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>((micros - seconds * 1'000'000) * 1000));
}

v1::EntryKind KindOf(TransactionKind kind) {
  switch (kind) {
    case TransactionKind::kEnrolment:
      return v1::ENTRY_KIND_ENROLMENT;
    case TransactionKind::kDrop:
      return v1::ENTRY_KIND_DROP;
    case TransactionKind::kReservation:
      return v1::ENTRY_KIND_RESERVATION;
    case TransactionKind::kCapture:
      return v1::ENTRY_KIND_CAPTURE;
    case TransactionKind::kCatalogueUpdate:
    case TransactionKind::kStockTake:
    case TransactionKind::kStockGive:
    case TransactionKind::kStockTaken:
    case TransactionKind::kSettlement:
    case TransactionKind::kBoardClose:
      break;  // no household's
    default:
      // From 6 on they have the same numbers.
      if (v1::EntryKind_IsValid(static_cast<int>(kind))) return static_cast<v1::EntryKind>(kind);
  }
  return v1::ENTRY_KIND_UNSPECIFIED;
}

const HouseholdAfter* AfterOf(const Why& why) {
  if (const auto* enrolment = std::get_if<EnrolmentWhy>(&why)) return &enrolment->after;
  if (const auto* drop = std::get_if<DropWhy>(&why)) return &drop->after;
  if (const auto* voucher = std::get_if<VoucherWhy>(&why)) return &voucher->after;
  if (const auto* facts = std::get_if<FactsWhy>(&why)) return facts->after.household == HouseholdId(0) ? nullptr : &facts->after;
  return nullptr;
}

int64_t ChangeOf(const Transaction& transaction, const AccountId& account) {
  int64_t sum = 0;
  for (const Posting& posting : transaction.postings) {
    if (posting.account == account) sum += posting.amount.hundredths();
  }
  return sum;
}

void FillFromDrop(v1::Entry& entry, const DropWhy& why, const Catalogue& catalogue) {
  entry.set_rule(why.rule);
  entry.set_rule_version(static_cast<int32_t>(why.rule_version));
  if (why.member != 0) entry.set_member(absl::StrCat(HouseholdName(why.after.household), "/members/", why.member));
  if (const v1::Station* station = catalogue.Find<v1::Station>(why.station)) {
    entry.set_station(station->name());
    entry.set_station_display_name(station->display_name());
  }
}

// A drop that waits or waited: where and whose and, once it is credited, by which rule.
void FillFromPending(v1::Entry& entry, HouseholdId household, const ledger::v1::PendingDropFacts& facts, const Catalogue& catalogue) {
  DropWhy seen;
  seen.after.household = household;
  seen.member = facts.drop().member();
  seen.station = CatalogueId(facts.drop().station());
  const absl::StatusOr<Why> credit = DecodeWhy(TransactionKind::kDrop, facts.credit());
  const DropWhy* why = credit.ok() ? std::get_if<DropWhy>(&*credit) : nullptr;
  FillFromDrop(entry, why == nullptr ? seen : *why, catalogue);
}

std::string AccountName(const AccountId& account, const Catalogue& catalogue) {
  const CatalogueId owner(account.owner);
  switch (account.kind) {
    case AccountKind::kHousehold:
      return absl::StrCat("household/", account.owner);
    case AccountKind::kVoucherHeld:
      return absl::StrCat("voucher-held/", account.owner);
    case AccountKind::kProgramme: {
      const v1::Region* town = catalogue.Find<v1::Region>(owner);
      return absl::StrCat("programme/", town == nullptr ? absl::StrCat(absl::Hex(account.owner)) : town->display_name());
    }
    case AccountKind::kMerchant: {
      const v1::Merchant* merchant = catalogue.Find<v1::Merchant>(owner);
      return absl::StrCat("merchant/", merchant == nullptr ? absl::StrCat(absl::Hex(account.owner)) : merchant->display_name());
    }
    case AccountKind::kExpired: {
      const v1::Region* town = catalogue.Find<v1::Region>(owner);
      return absl::StrCat("expired/", town == nullptr ? absl::StrCat(absl::Hex(account.owner)) : town->display_name());
    }
    case AccountKind::kSettled: {
      const v1::Merchant* merchant = catalogue.Find<v1::Merchant>(owner);
      return absl::StrCat("settled/", merchant == nullptr ? absl::StrCat(absl::Hex(account.owner)) : merchant->display_name());
    }
    case AccountKind::kInTransit:
      return absl::StrCat("in-transit/", absl::Hex(account.owner, absl::kZeroPad16));
    case AccountKind::kDebt:
      return absl::StrCat("debt/", account.owner);
  }
  return "";
}

std::string ActorName(const Actor& actor, const Catalogue& catalogue) {
  const CatalogueId id(actor.id);
  switch (actor.kind) {
    case ActorKind::kSystem:
      return "system";
    case ActorKind::kMember:
      return absl::StrCat("households/", actor.id, "/members/", actor.sub);
    case ActorKind::kStaff:
      if (const v1::Staff* staff = catalogue.Find<v1::Staff>(id)) return staff->name();
      return absl::StrCat("staff/#", absl::Hex(actor.id));
    case ActorKind::kDevice:
      if (const v1::Device* device = catalogue.Find<v1::Device>(id)) return device->name();
      return absl::StrCat("devices/#", absl::Hex(actor.id));
    case ActorKind::kMerchantOperator:
      if (const v1::Merchant* merchant = catalogue.Find<v1::Merchant>(id)) {
        for (const v1::MerchantOperator& person : merchant->operators()) {
          if (CatalogueIdOf(person.name()).value() == actor.sub) return person.name();
        }
      }
      return absl::StrCat("merchants/#", absl::Hex(actor.id), "/operators/#", absl::Hex(actor.sub));
    case ActorKind::kOperator:
      return absl::StrCat("operators/#", absl::Hex(actor.id));
  }
  return "";
}

void AddDropFacts(google::protobuf::Map<std::string, std::string>& facts, const DropWhy& why) {
  facts["category"] = v1::Category_Name(static_cast<v1::Category>(why.category));
  facts["grams"] = absl::StrCat(why.grams);
  facts["counted_grams"] = absl::StrCat(why.counted_grams);
  if (why.code_step != 0) facts["station_code_step"] = absl::StrCat(why.code_step);
  static constexpr const char* kCuts[] = {"none", "daily_drops", "daily_reward", "no_rule", "cap", "too_many", "budget"};
  facts["cut"] = kCuts[static_cast<uint8_t>(why.cut)];
  if (!why.cap.empty()) facts["cap"] = why.cap;
  if (why.pieces != 0) facts["pieces"] = absl::StrCat(why.pieces);
  if (!why.material.empty()) facts["material"] = why.material;
  facts["verification"] = v1::VerificationKind_Name(static_cast<v1::VerificationKind>(why.verification));
  facts["value_reward"] = FormatPoints(why.value_reward);
  facts["value_civic"] = FormatPoints(why.value_civic);
  facts["own_reward"] = FormatPoints(why.own_reward);
  if (!why.campaigns.empty()) facts["campaigns"] = absl::StrJoin(why.campaigns, " ");
  if (!why.bonuses.empty()) facts["bonuses"] = absl::StrJoin(why.bonuses, " ");
}

}  // namespace

absl::StatusOr<HouseholdId> HouseholdOf(const Transaction& transaction) {
  const absl::StatusOr<Why> why = DecodeWhy(transaction.kind, transaction.why);
  if (!why.ok()) return why.status();
  const HouseholdAfter* after = AfterOf(*why);
  if (after == nullptr) return absl::DataLossError("entry: not a household's transaction");
  return after->household;
}

PartitionSeq PreviousEntryOf(const Transaction& transaction, HouseholdId household) {
  for (const RecordChange& change : transaction.changes) {
    if (change.key == KeyOf(household)) return change.previous;
  }
  return PartitionSeq(0);
}

absl::StatusOr<v1::Entry> RenderEntry(const CommittedTransaction& committed, const Catalogue& catalogue) {
  const Transaction& transaction = committed.transaction;
  const absl::StatusOr<Why> why = DecodeWhy(transaction.kind, transaction.why);
  if (!why.ok()) return why.status();
  const HouseholdAfter* after = AfterOf(*why);
  if (after == nullptr) return absl::DataLossError("entry: not a household's transaction");
  v1::Entry entry;
  entry.set_name(absl::StrCat(HouseholdName(after->household), "/entries/", committed.seq.value()));
  entry.set_kind(KindOf(transaction.kind));
  SetTime(*entry.mutable_event_time(), transaction.event_time);
  SetTime(*entry.mutable_record_time(), committed.record_time);
  entry.set_reward(ChangeOf(transaction, RewardAccount(after->household)));
  entry.set_civic(ChangeOf(transaction, CivicAccount(after->household)));
  entry.set_reward_after(after->reward.hundredths());
  entry.set_civic_after(after->civic.hundredths());
  if (const auto* drop = std::get_if<DropWhy>(&*why)) FillFromDrop(entry, *drop, catalogue);
  if (const auto* voucher = std::get_if<VoucherWhy>(&*why)) entry.set_voucher(VoucherName(after->household, voucher->voucher));
  if (const auto* facts = std::get_if<FactsWhy>(&*why); facts != nullptr && facts->facts.spending().has_voucher()) {
    entry.set_voucher(VoucherName(after->household, VoucherId(facts->facts.spending().voucher().voucher())));
  }
  if (const auto* facts = std::get_if<FactsWhy>(&*why); facts != nullptr && facts->facts.verification().has_pending()) {
    FillFromPending(entry, after->household, facts->facts.verification().pending(), catalogue);
  }
  const Sentence sentence = SentenceFor(transaction.kind, *why, Points(entry.reward()), Points(entry.civic()), catalogue);
  entry.set_reason_zh(sentence.zh);
  entry.set_reason_en(sentence.en);
  return entry;
}

absl::StatusOr<v1::EntryTrace> RenderTrace(const CommittedTransaction& committed, const Catalogue& catalogue) {
  absl::StatusOr<v1::Entry> entry = RenderEntry(committed, catalogue);
  if (!entry.ok()) return entry.status();
  const Transaction& transaction = committed.transaction;
  v1::EntryTrace trace;
  *trace.mutable_entry() = *std::move(entry);
  for (const Posting& posting : transaction.postings) {
    v1::Posting& out = *trace.add_postings();
    out.set_account(AccountName(posting.account, catalogue));
    out.set_asset(posting.account.asset == Asset::kReward ? v1::ASSET_REWARD : v1::ASSET_CIVIC);
    out.set_amount(posting.amount.hundredths());
  }
  trace.set_actor(ActorName(transaction.actor, catalogue));
  trace.set_request_key(FormatRequestKey(transaction.key));
  trace.set_partition(committed.partition.value());
  trace.set_sequence(static_cast<int64_t>(committed.seq.value()));
  const absl::StatusOr<Why> why = DecodeWhy(transaction.kind, transaction.why);
  if (const auto* drop = std::get_if<DropWhy>(&*why)) AddDropFacts(*trace.mutable_facts(), *drop);
  if (const auto* voucher = std::get_if<VoucherWhy>(&*why)) (*trace.mutable_facts())["price"] = FormatPoints(voucher->price);
  if (const auto* enrolment = std::get_if<EnrolmentWhy>(&*why)) (*trace.mutable_facts())["members"] = absl::StrCat(enrolment->members);
  if (const auto* facts = std::get_if<FactsWhy>(&*why)) {
    for (const auto& [key, value] : FactsText(facts->facts)) (*trace.mutable_facts())[key] = value;
  }
  return trace;
}

v1::Household RenderHousehold(HouseholdId id, const HouseholdRecord& record, const Catalogue& catalogue) {
  v1::Household household;
  household.set_name(HouseholdName(id));
  if (const v1::Region* region = catalogue.Find<v1::Region>(record.region)) {
    household.set_region(region->name());
    household.set_region_display_name(region->display_name());
  }
  for (size_t i = 0; i < record.members.size(); ++i) {
    if (record.members[i].role == MemberRole::kLeft) continue;
    v1::Member& member = *household.add_members();
    member.set_name(absl::StrCat(household.name(), "/members/", i + 1));
    member.set_has_wechat(record.members[i].subject_hash != 0);
    member.set_role(RoleOf(record, static_cast<uint32_t>(i + 1)));
  }
  household.set_has_card(record.card_hash != 0);
  if (record.merged_into != HouseholdId(0)) household.set_merged_into(HouseholdName(record.merged_into));
  SetTime(*household.mutable_create_time(), record.create_time);
  return household;
}

v1::Balance RenderBalance(const View& view, HouseholdId id, const HouseholdRecord& record, int32_t today) {
  v1::Balance balance;
  balance.set_reward(Spendable(record.lots, today).hundredths());
  balance.set_held(view.Balance(HeldAccount(id)).hundredths());
  balance.set_civic(view.Balance(CivicAccount(id)).hundredths());
  for (const Lot& lot : record.lots) {
    if (lot.expires_day < today) continue;
    v1::Lot& out = *balance.add_lots();
    out.set_amount(lot.amount.hundredths());
    out.set_expires_on(absl::FormatCivilTime(CivilDayOf(lot.expires_day)));
  }
  balance.set_earned_today(EarnedOn(record, today));
  return balance;
}

}  // namespace fenfen
