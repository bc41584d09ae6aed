#include "ledger/points/game/award.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/correcting/grounds.h"
#include "ledger/points/game/choices.h"
#include "ledger/points/game/household_entry.h"
#include "ledger/points/keeping/household_people.h"

namespace fenfen {
namespace {

constexpr int32_t kQuestsKeptDays = 366;

using Reached = ledger::v1::GameRecord::Reached;

template <typename Prize>
AwardFacts Begin(HouseholdId household, const Prize& prize) {
  AwardFacts facts;
  facts.household = household;
  facts.name = prize.name();
  facts.title_zh = prize.title_zh();
  facts.title_en = prize.title_en();
  facts.reward = Points(prize.reward());
  facts.civic = Points(prize.civic());
  return facts;
}

// Lets go of quests that closed long ago: nothing awards them again.
void LetGo(ledger::v1::GameRecord& record, int32_t today) {
  auto* reached = record.mutable_reached();
  reached->erase(
      std::remove_if(reached->begin(), reached->end(),
                     [today](const Reached& one) { return one.closing_day() != 0 && one.closing_day() + kQuestsKeptDays < today; }),
      reached->end());
}

}  // namespace

AwardFacts AwardOf(HouseholdId household, const v1::Badge& badge) { return Begin(household, badge); }

AwardFacts AwardOf(HouseholdId household, const v1::Quest& quest, int32_t closing_day) {
  AwardFacts facts = Begin(household, quest);
  facts.closing_day = closing_day;
  return facts;
}

RequestKey AwardKey(const AwardFacts& facts, absl::Time now, absl::TimeZone zone) {
  return DerivedKey(absl::FromCivil(absl::ToCivilDay(now, zone), zone),
                    absl::StrCat("award/", facts.name, "/", facts.household.value(), "/", facts.team));
}

ReadSet AwardReads(HouseholdId household) { return GameReads(household); }

const Reached* FindReached(const ledger::v1::GameRecord& record, absl::string_view name) {
  const uint64_t what = CatalogueIdOf(name).value();
  const auto at = std::find_if(record.reached().begin(), record.reached().end(), [what](const Reached& one) { return one.what() == what; });
  return at == record.reached().end() ? nullptr : &*at;
}

absl::StatusOr<Transaction> DecideAward(const View& view, const AwardFacts& facts, const Catalogue& catalogue,
                                        const DecisionContext& context) {
  absl::StatusOr<Versioned<HouseholdRecord>> household = ReadOpenHousehold(view, facts.household);
  if (!household.ok()) return household.status();
  absl::StatusOr<StoredMessage<ledger::v1::GameRecord>> game = ReadMessage<ledger::v1::GameRecord>(view, GameKey(facts.household));
  if (!game.ok()) return game.status();
  if (const Reached* before = FindReached(game->message, facts.name)) {
    return Refuse(Reason::REASON_AWARDED_ALREADY, {{"day", DayText(before->day())}});
  }
  const int32_t today = DayNumberOf(context.now, context.zone);
  LetGo(game->message, today);
  if (game->message.reached_size() >= kAwardsMax) return Refuse(Reason::REASON_AWARDS_TOO_MANY, {{"limit", absl::StrCat(kAwardsMax)}});
  Reached& reached = *game->message.add_reached();
  reached.set_what(CatalogueIdOf(facts.name).value());
  reached.set_day(today);
  reached.set_closing_day(facts.closing_day);

  FactsWhy why;
  ledger::v1::GameFacts::Award& award = *why.facts.mutable_game()->mutable_award();
  award.set_name(facts.name);
  award.set_title_zh(facts.title_zh);
  award.set_title_en(facts.title_en);
  award.set_team(facts.team);
  award.set_team_title(facts.team_title);
  Transaction transaction = BeginTransaction(TransactionKind::kAward, context, context.now);
  Purse purse(view, facts.household, household->record, transaction);
  const uint64_t town = catalogue.TownOf(household->record.region).value();
  if (facts.reward > Points(0)) {
    award.set_reward(facts.reward.hundredths());
    award.set_expires_day(LastDayOfGiven(catalogue, today));
    award.set_repaid(purse.Earn({AccountKind::kProgramme, Asset::kReward, town}, facts.reward, award.expires_day()).hundredths());
  }
  award.set_civic(purse.Civic({AccountKind::kProgramme, Asset::kCivic, town}, facts.civic).hundredths());
  transaction.changes.push_back({KeyOf(facts.household), household->version, EncodeHousehold(household->record)});
  transaction.changes.push_back({GameKey(facts.household), game->version, SerialiseMessage(game->message)});
  why.after = purse.After();
  transaction.why = EncodeWhy(why);
  return transaction;
}

}  // namespace fenfen
