// What every scenario needs: households, rules, time, drops, vouchers; balances, postings, words.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/util/json_util.h"
#include "ledger/points/drop.h"
#include "ledger/points/enrolment.h"
#include "ledger/points/voucher.h"
#include "tests/scenarios/verbs.h"

namespace fenfen::scenarios {
namespace {

// The vouchers that a scenario has given names.
struct Vouchers {
  std::map<std::string, std::pair<HouseholdId, VoucherId>> named;
};

template <typename T>
absl::StatusOr<T> Word(const Step& step, size_t at, absl::StatusOr<T> (*read)(const std::string&)) {
  if (at >= step.words.size()) return Mismatch(absl::StrCat("a word is missing after \"", step.words.back(), "\""));
  return read(step.words[at]);
}

// given rules FILE: the rule set of a JSON file, as the next version.
absl::Status GivenRules(World& world, const Step& step) {
  if (step.words.size() != 3) return Mismatch("given rules FILE");
  std::ifstream file(world.PathOf(step.words[2]));
  if (!file) return Mismatch(absl::StrCat("there is no ", step.words[2]));
  std::stringstream text;
  text << file.rdbuf();
  v1::UpdateCatalogueRequest request;
  if (const auto parsed = google::protobuf::util::JsonStringToMessage(text.str(), request.mutable_rule_set()); !parsed.ok()) {
    return Mismatch(absl::StrCat(step.words[2], ": ", parsed.ToString()));
  }
  const v1::RuleSet* present = world.catalogue()->rules();
  request.mutable_rule_set()->set_version(present == nullptr ? 1 : present->version() + 1);
  return world.UpdateCatalogue(request);
}

// given catalogue FILE: more items, of a JSON file.
absl::Status GivenCatalogue(World& world, const Step& step) {
  if (step.words.size() != 3) return Mismatch("given catalogue FILE");
  std::ifstream file(world.PathOf(step.words[2]));
  if (!file) return Mismatch(absl::StrCat("there is no ", step.words[2]));
  std::stringstream text;
  text << file.rdbuf();
  v1::UpdateCatalogueRequest request;
  if (const auto parsed = google::protobuf::util::JsonStringToMessage(text.str(), &request); !parsed.ok()) {
    return Mismatch(absl::StrCat(step.words[2], ": ", parsed.ToString()));
  }
  return world.UpdateCatalogue(request);
}

// given household N [in REGION] [members M]
absl::Status GivenHousehold(World& world, const Step& step) {
  const absl::StatusOr<HouseholdId> household = Word(step, 2, ReadHouseholdWord);
  if (!household.ok()) return household.status();
  EnrolmentFacts facts;
  facts.household = *household;
  facts.region = CatalogueIdOf(step.Has("in") ? step.After("in") : "regions/e");
  size_t members = 2;
  if (step.Has("members") && !absl::SimpleAtoi(step.After("members"), &members)) return Mismatch("members: a number");
  facts.members.assign(members, 0);
  const DecisionContext context = world.Context();
  return world.Submit(facts.household, EnrolmentReads(facts.household), context,
                      [&world, facts, context](const View& view) { return DecideEnrolment(view, facts, *world.catalogue(), context); });
}

// at DAY TIME: the clock stands there.
absl::Status At(World& world, const Step& step) {
  if (step.words.size() != 3) return Mismatch("at DAY TIME");
  const absl::StatusOr<absl::Time> time = ReadTimeWords(step.words[1], step.words[2], world.zone);
  if (!time.ok()) return time.status();
  if (*time < world.clock.Now()) return Mismatch("the clock does not go back");
  world.clock.Set(*time);
  return absl::OkStatus();
}

// drop N CATEGORY [WEIGHT] [member M] [station S] [material M] [pieces P] [verified ATTENDANT|INSPECTED] [happened DAY TIME] [by-device]
// [tagged BAG]: a device's drop that comes too late waits for a person.
absl::Status Drop(World& world, const Step& step) {
  const absl::StatusOr<HouseholdId> household = Word(step, 1, ReadHouseholdWord);
  const absl::StatusOr<int> category = Word(step, 2, ReadCategoryWord);
  if (!household.ok()) return household.status();
  if (!category.ok()) return category.status();
  DropFacts facts;
  facts.household = *household;
  facts.category = *category;
  if (step.words.size() > 3 && absl::EndsWith(step.words[3], "g")) {
    const absl::StatusOr<int64_t> grams = ReadGramsWord(step.words[3]);
    if (!grams.ok()) return grams.status();
    facts.grams = *grams;
  }
  facts.member = 1;
  if (step.Has("member") && !absl::SimpleAtoi(step.After("member"), &facts.member)) return Mismatch("member: a number");
  facts.station = CatalogueIdOf(step.Has("station") ? step.After("station") : "stations/s1");
  facts.material = step.After("material");
  if (step.Has("pieces") && !absl::SimpleAtoi(step.After("pieces"), &facts.pieces)) return Mismatch("pieces: a number");
  if (step.Has("verified") && !v1::VerificationKind_Parse("VERIFICATION_KIND_" + step.After("verified"), &facts.verification)) {
    return Mismatch("verified: SELF_SCANNED, ATTENDANT or INSPECTED");
  }
  facts.event_time = world.clock.Now();
  if (const auto at = std::find(step.words.begin(), step.words.end(), "happened"); at != step.words.end()) {
    if (step.words.end() - at < 3) return Mismatch("happened DAY TIME");
    const absl::StatusOr<absl::Time> time = ReadTimeWords(at[1], at[2], world.zone);
    if (!time.ok()) return time.status();
    facts.event_time = *time;
  }
  facts.may_be_late = step.Has("by-device");
  if (step.Has("tagged")) facts.bag = world.Notes<Bags>().named[step.After("tagged")];
  const DecisionContext context = world.Context();
  return world.Submit(facts.household, DropReads(facts, *world.catalogue(), context), context,
                      [&world, facts, context](const View& view) { return DecideDrop(view, facts, *world.catalogue(), context); });
}

// reserve N OFFER as NAME
absl::Status Reserve(World& world, const Step& step) {
  const absl::StatusOr<HouseholdId> household = Word(step, 1, ReadHouseholdWord);
  if (!household.ok()) return household.status();
  if (step.words.size() < 3) return Mismatch("reserve HOUSEHOLD OFFER as NAME");
  const DecisionContext context = world.Context();
  const VoucherId voucher = VoucherIdFor(*household, context.key);
  const CatalogueId offer = CatalogueIdOf(step.words[2]);
  const HouseholdId home = *household;
  const absl::Status status = world.Submit(home, ReserveReads(home, voucher), context, [&world, home, offer, context](const View& view) {
    return DecideReserve(view, home, offer, *world.catalogue(), context);
  });
  if (status.ok()) world.Notes<Vouchers>().named[step.After("as")] = {home, voucher};
  return status;
}

// capture NAME by MERCHANT
absl::Status Capture(World& world, const Step& step) {
  if (step.words.size() != 4) return Mismatch("capture NAME by MERCHANT");
  const auto& named = world.Notes<Vouchers>().named;
  const auto found = named.find(step.words[1]);
  if (found == named.end()) return Mismatch(absl::StrCat("no voucher was called ", step.words[1]));
  const auto [household, voucher] = found->second;
  const CaptureFacts facts{household, voucher, CatalogueIdOf(step.words[3]), CatalogueIdOf(step.words[3] + "/operators/1")};
  const DecisionContext context = world.Context();
  return world.Submit(household, CaptureReads(household, voucher), context,
                      [facts, context](const View& view) { return DecideCapture(view, facts, context); });
}

absl::Status Restart(World& world, const Step&) { return world.Restart(); }

// then balance N ASSET = AMOUNT, for what an account of the household holds.
absl::Status ThenBalance(World& world, const Step& step) {
  const absl::StatusOr<HouseholdId> household = Word(step, 2, ReadHouseholdWord);
  const absl::StatusOr<Points> expected = Word(step, 5, ReadPointsWord);
  if (!household.ok()) return household.status();
  if (!expected.ok()) return expected.status();
  AccountId account = RewardAccount(*household);
  if (step.words[3] == "civic") account = CivicAccount(*household);
  if (step.words[3] == "held") account = HeldAccount(*household);
  if (step.words[3] == "debt") account = DebtAccount(*household);
  const Points actual(world.Balance(PartitionOf(*household), account));
  return ExpectSame(step.words[3], FormatPoints(*expected), FormatPoints(step.words[3] == "debt" ? -actual : actual));
}

// then lots N: each row a last day and an amount, in their order.
absl::Status ThenLots(World& world, const Step& step) {
  const absl::StatusOr<HouseholdId> household = Word(step, 2, ReadHouseholdWord);
  if (!household.ok()) return household.status();
  std::vector<std::string> expected;
  std::vector<std::string> actual;
  for (const std::vector<std::string>& row : step.rows) expected.push_back(absl::StrJoin(row, " "));
  for (const Lot& lot : world.Household(*household).lots) {
    actual.push_back(absl::StrCat(absl::FormatCivilTime(CivilDayOf(lot.expires_day)), " ", FormatPoints(lot.amount)));
  }
  return ExpectSame("lots", absl::StrJoin(expected, "; "), absl::StrJoin(actual, "; "));
}

// then postings: each row an account, an asset and a signed amount, in any order: all that the last transaction has.
absl::Status ThenPostings(World& world, const Step& step) {
  if (world.last() == nullptr) return Mismatch("nothing has happened");
  const absl::StatusOr<v1::EntryTrace> trace = RenderTrace(*world.last(), *world.catalogue());
  if (!trace.ok()) return trace.status();
  std::vector<std::string> expected;
  std::vector<std::string> actual;
  for (const std::vector<std::string>& row : step.rows) expected.push_back(absl::StrJoin(row, " "));
  for (const v1::Posting& posting : trace->postings()) {
    actual.push_back(absl::StrCat(posting.account(), " ", posting.asset() == v1::ASSET_REWARD ? "REWARD" : "CIVIC", " ",
                                  posting.amount() > 0 ? "+" : "", FormatPoints(Points(posting.amount()))));
  }
  std::sort(expected.begin(), expected.end());
  std::sort(actual.begin(), actual.end());
  return ExpectSame("postings", absl::StrJoin(expected, "; "), absl::StrJoin(actual, "; "));
}

// then reason zh|en = TEXT, or contains TEXT
absl::Status ThenReason(World& world, const Step& step) {
  if (world.last() == nullptr || step.words.size() != 5) return Mismatch("then reason zh|en =|contains TEXT, after something happened");
  const absl::StatusOr<v1::Entry> entry = RenderEntry(*world.last(), *world.catalogue());
  if (!entry.ok()) return entry.status();
  const std::string& sentence = step.words[2] == "zh" ? entry->reason_zh() : entry->reason_en();
  if (step.words[3] == "=") return ExpectSame("the reason", step.words[4], sentence);
  return absl::StrContains(sentence, step.words[4]) ? absl::OkStatus() : Mismatch(absl::StrCat("the reason is: ", sentence));
}

}  // namespace

void AddBasicVerbs(Verbs& verbs) {
  verbs.Add("given rules", GivenRules);
  verbs.Add("given catalogue", GivenCatalogue);
  verbs.Add("given household", GivenHousehold);
  verbs.Add("at", At);
  verbs.Add("drop", Drop);
  verbs.Add("reserve", Reserve);
  verbs.Add("capture", Capture);
  verbs.Add("restart", Restart);
  verbs.Add("then balance", ThenBalance);
  verbs.Add("then lots", ThenLots);
  verbs.Add("then postings", ThenPostings);
  verbs.Add("then reason", ThenReason);
}

}  // namespace fenfen::scenarios
