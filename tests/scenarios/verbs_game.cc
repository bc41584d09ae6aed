// Levels, streaks and freezes, boards and their closing, teams. What boards and streaks go by is folded anew from the whole journal each
// time.
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/util/json_util.h"
#include "ledger/points/game/board_close.h"
#include "ledger/points/game/choices.h"
#include "ledger/points/game/game_rules.h"
#include "ledger/points/game/masking.h"
#include "ledger/points/game/periods.h"
#include "ledger/points/game/reading.h"
#include "ledger/points/game/rules_store.h"
#include "ledger/points/game/team.h"
#include "ledger/points/stored_message.h"
#include "ledger/projections/players.h"
#include "tests/scenarios/game_notes.h"

namespace fenfen::scenarios {
namespace {

// given game FILE: the game's rules of a JSON file.
absl::Status GivenGame(World& world, const Step& step) {
  if (step.words.size() != 3) return Mismatch("given game FILE");
  std::ifstream file(world.PathOf(step.words[2]));
  if (!file) return Mismatch(absl::StrCat("there is no ", step.words[2]));
  std::stringstream text;
  text << file.rdbuf();
  v1::GameRules rules;
  if (const auto parsed = google::protobuf::util::JsonStringToMessage(text.str(), &rules); !parsed.ok()) {
    return Mismatch(absl::StrCat(step.words[2], ": ", parsed.ToString()));
  }
  const DecisionContext context = world.Context();
  const absl::Status set = world.Submit(kCataloguePartition, GameRulesReads(), context,
                                        [rules, context](const View& view) { return DecideGameRules(view, rules, context); });
  if (set.ok()) world.Notes<GameNotes>().rules = rules;
  return set;
}

absl::Status Choose(World& world, const Step& step, bool hidden) {
  if (step.words.size() != 2) return Mismatch("hide N, show N");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[1]);
  if (!household.ok()) return household.status();
  const DecisionContext context = world.Context();
  return world.Submit(*household, GameReads(*household), context, [household = *household, hidden, context](const View& view) {
    return DecidePreferences(view, household, {hidden, false}, context);
  });
}

// keep N DAY: a freeze.
absl::Status Keep(World& world, const Step& step) {
  if (step.words.size() != 3) return Mismatch("keep N DAY");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[1]);
  if (!household.ok()) return household.status();
  absl::CivilDay day;
  if (!absl::ParseCivilTime(step.words[2], &day)) return Mismatch("DAY as YYYY-MM-DD");
  const DecisionContext context = world.Context();
  return world.Submit(*household, GameReads(*household), context,
                      [household = *household, day, rules = world.Notes<GameNotes>().rules, context](const View& view) {
                        return DecideFreeze(view, household, DayNumber(day), rules, context);
                      });
}

// team-found N TITLE as NAME; team-join N NAME; team-leave N NAME.
absl::Status Team(World& world, const Step& step) {
  if (step.words.size() < 3) return Mismatch("team-found N TITLE as NAME; team-join N NAME; team-leave N NAME");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[1]);
  if (!household.ok()) return household.status();
  auto& notes = world.Notes<GameNotes>();
  const DecisionContext context = world.Context();
  TeamFacts facts{*household, 0, step.words[2], false};
  const bool founds = step.words[0] == "team-found";
  if (founds) {
    facts.team = TeamIdFor(*household, context.key);
    notes.teams[step.After("as")] = facts.team;
    notes.titles[facts.team] = facts.title;
  } else {
    facts.team = notes.teams[step.words[2]];
    facts.title = notes.titles[facts.team];
  }
  return world.Submit(*household, TeamReads(facts), context,
                      [facts, founds, joins = step.words[0] == "team-join", context](const View& view) {
                        if (founds) return DecideTeamFounding(view, facts, context);
                        return joins ? DecideTeamJoin(view, facts, context) : DecideTeamLeave(view, facts, context);
                      });
}

// then streak N = DAYS [best DAYS]
absl::Status ThenStreak(World& world, const Step& step) {
  if (step.words.size() < 5) return Mismatch("then streak N = DAYS [best DAYS]");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[2]);
  if (!household.ok()) return household.status();
  const auto player = FoldPlayers(world)->Find(*household);
  const Streak streak = player ? player->streak : Streak();
  const int32_t today = DayNumberOf(world.clock.Now(), world.zone);
  if (absl::Status same = ExpectSame("the streak", step.words[4], absl::StrCat(streak.LengthOn(today))); !same.ok()) return same;
  return step.Has("best") ? ExpectSame("the longest streak", step.After("best"), absl::StrCat(streak.Best())) : absl::OkStatus();
}

// then level N = TITLE [missing AMOUNT]
absl::Status ThenLevel(World& world, const Step& step) {
  if (step.words.size() < 5) return Mismatch("then level N = TITLE [missing AMOUNT]");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[2]);
  if (!household.ok()) return household.status();
  const v1::GameRules& rules = world.Notes<GameNotes>().rules;
  const LevelReached reached = LevelOf(rules, Points(world.Balance(PartitionOf(*household), CivicAccount(*household))));
  const std::string title = reached.number == 0 ? "" : rules.levels(reached.number - 1).title_zh();
  if (absl::Status same = ExpectSame("the level", step.words[4], title); !same.ok()) return same;
  return step.Has("missing") ? ExpectSame("what is missing", step.After("missing"), FormatPoints(reached.missing)) : absl::OkStatus();
}

// A board's ranking now, and what closes it: the board, the period and the region as words 2 to 4 of `then board` and 1 to 3 of `close`.
absl::StatusOr<std::vector<Standing>> RankNow(World& world, const std::string& board_name, const std::string& period_name,
                                              const std::string& region) {
  const v1::GameRules& rules = world.Notes<GameNotes>().rules;
  const v1::Board* board = FindBoard(rules, board_name);
  if (board == nullptr) return Mismatch(absl::StrCat("there is no ", board_name));
  const std::optional<Period> period = ParsePeriod(board->period(), period_name, rules);
  if (!period) return Mismatch(absl::StrCat("there is no period ", period_name));
  const std::unique_ptr<Players> players = FoldPlayers(world);
  Players::Ranking ranking;
  ranking.period = {period->first_day, period->last_day};
  ranking.measure = board->measure();
  ranking.entrants = board->entrants();
  ranking.inspected_min = static_cast<uint32_t>(board->inspected_min());
  for (const CatalogueId home : players->Regions()) {
    if (world.catalogue()->IsWithin(home, CatalogueIdOf(region))) ranking.regions.push_back(home);
  }
  return players->Rank(ranking);
}

// close BOARD PERIOD REGION: as the job does, for one region.
absl::Status Close(World& world, const Step& step) {
  if (step.words.size() != 4) return Mismatch("close BOARD PERIOD REGION");
  const absl::StatusOr<std::vector<Standing>> standings = RankNow(world, step.words[1], step.words[2], step.words[3]);
  if (!standings.ok()) return standings.status();
  std::vector<ledger::v1::BoardPlace> places;
  for (const Standing& standing : *standings) {
    ledger::v1::BoardPlace& place = places.emplace_back();
    place.set_entrant(standing.entrant);
    place.set_score(standing.score);
    place.set_second(standing.second);
    place.set_reached_ms(standing.reached_ms);
  }
  const int shown = FindBoard(world.Notes<GameNotes>().rules, step.words[1])->places();
  const BoardCloseFacts facts{
      step.words[1], step.words[2], {MakeBoardResult(step.words[1], step.words[2], step.words[3], places, shown)}, true, 1};
  const DecisionContext context = world.Context();
  return world.Submit(kCataloguePartition, BoardCloseReads(facts), context,
                      [facts, context](const View& view) { return DecideBoardClose(view, facts, context); });
}

absl::Status ExpectPlaces(World& world, const Step& step, const std::vector<std::pair<uint64_t, int64_t>>& places) {
  std::vector<std::string> expected, actual;
  for (const std::vector<std::string>& row : step.rows) expected.push_back(absl::StrJoin(row, " "));
  auto& notes = world.Notes<GameNotes>();
  for (const auto& [entrant, score] : places) {
    const auto title = notes.titles.find(entrant);
    actual.push_back(absl::StrCat(actual.size() + 1, " ", title == notes.titles.end() ? absl::StrCat(entrant) : title->second, " ", score));
  }
  return ExpectSame("the board", absl::StrJoin(expected, "; "), absl::StrJoin(actual, "; "));
}

// then board BOARD PERIOD REGION, with rows "RANK HOUSEHOLD|TEAM SCORE": all that are ranked now.
absl::Status ThenBoard(World& world, const Step& step) {
  if (step.words.size() != 5) return Mismatch("then board BOARD PERIOD REGION");
  const absl::StatusOr<std::vector<Standing>> standings = RankNow(world, step.words[2], step.words[3], step.words[4]);
  if (!standings.ok()) return standings.status();
  std::vector<std::pair<uint64_t, int64_t>> places;
  for (const Standing& standing : *standings) places.emplace_back(standing.entrant, standing.score);
  return ExpectPlaces(world, step, places);
}

// then result BOARD PERIOD REGION, with the same rows: what was closed.
absl::Status ThenResult(World& world, const Step& step) {
  if (step.words.size() != 5) return Mismatch("then result BOARD PERIOD REGION");
  std::vector<std::pair<uint64_t, int64_t>> places;
  world.Read(kCataloguePartition, [&](const View& view) {
    const auto result = ReadMessage<ledger::v1::BoardResult>(view, BoardResultKey(step.words[2], step.words[3], step.words[4]));
    if (!result.ok()) return;
    for (const ledger::v1::BoardPlace& place : result->message.places()) places.emplace_back(place.entrant(), place.score());
  });
  return ExpectPlaces(world, step, places);
}

// A board's place as others see it: "RANK MASKED SCORE".
std::string Shown(World& world, const Standing& standing, size_t rank) {
  const auto title = world.Notes<GameNotes>().titles.find(standing.entrant);
  const bool is_team = title != world.Notes<GameNotes>().titles.end();
  return absl::StrCat(rank, " ", is_team ? title->second : MaskedNumber(standing.entrant), " ", standing.score);
}

// then shown BOARD PERIOD REGION, with rows "RANK MASKED SCORE": as many first places as the board shows.
// then around N BOARD PERIOD REGION, with the same rows: the household's place and those next to it.
absl::Status ThenShown(World& world, const Step& step) {
  const bool around = step.words[1] == "around";
  if (step.words.size() != (around ? 6 : 5)) return Mismatch("then shown BOARD PERIOD REGION; then around N BOARD PERIOD REGION");
  const size_t at = around ? 3 : 2;
  const absl::StatusOr<std::vector<Standing>> standings = RankNow(world, step.words[at], step.words[at + 1], step.words[at + 2]);
  if (!standings.ok()) return standings.status();
  size_t first = 0;
  size_t end = static_cast<size_t>(FindBoard(world.Notes<GameNotes>().rules, step.words[at])->places());
  if (around) {
    const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[2]);
    if (!household.ok()) return household.status();
    const std::optional<PlacesAround> places = AroundOf(*standings, household->value());
    first = places ? places->first : 0;
    end = places ? places->end : 0;
  }
  std::vector<std::string> expected, actual;
  for (const std::vector<std::string>& row : step.rows) expected.push_back(absl::StrJoin(row, " "));
  for (size_t n = first; n < standings->size() && n < end; ++n) actual.push_back(Shown(world, (*standings)[n], n + 1));
  return ExpectSame("what is shown", absl::StrJoin(expected, "; "), absl::StrJoin(actual, "; "));
}

}  // namespace

std::unique_ptr<Players> FoldPlayers(World& world) {
  auto players = std::make_unique<Players>(world.zone, Players::Reading{RegionInHousehold, CountedDrop, SortedRightly, ReversesDrop});
  for (const CommittedTransaction& committed : world.history()) players->Apply(committed);
  return players;
}

void AddGameVerbs(Verbs& verbs) {
  verbs.Add("given game", GivenGame);
  verbs.Add("hide", [](World& world, const Step& step) { return Choose(world, step, true); });
  verbs.Add("show", [](World& world, const Step& step) { return Choose(world, step, false); });
  verbs.Add("keep", Keep);
  for (const char* word : {"team-found", "team-join", "team-leave"}) verbs.Add(word, Team);
  verbs.Add("close", Close);
  verbs.Add("then streak", ThenStreak);
  verbs.Add("then level", ThenLevel);
  verbs.Add("then board", ThenBoard);
  verbs.Add("then result", ThenResult);
  verbs.Add("then shown", ThenShown);
  verbs.Add("then around", ThenShown);
  AddAwardVerbs(verbs);
}

}  // namespace fenfen::scenarios
