// Verbs: what the first words of a step do. Each area has its own file of them, verbs_<area>.cc, whose function stands in AllVerbs.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "tests/scenarios/scenario.h"
#include "tests/scenarios/world.h"

namespace fenfen::scenarios {

// OK, a decision's refusal, or Mismatch for what does not hold.
using Verb = std::function<absl::Status(World&, const Step&)>;

class Verbs {
 public:
  // `name`: one word, or two for "given X" and "then X".
  void Add(const std::string& name, Verb verb) { verbs_[name] = std::move(verb); }
  // The longest that the step begins with, or nullptr.
  const Verb* Find(const Step& step) const;

 private:
  std::map<std::string, Verb> verbs_;
};

void AddBasicVerbs(Verbs& verbs);
void AddBudgetVerbs(Verbs& verbs);
void AddCorrectingVerbs(Verbs& verbs);
void AddGameVerbs(Verbs& verbs);
void AddHouseholdVerbs(Verbs& verbs);
void AddSpendingVerbs(Verbs& verbs);
void AddTrustVerbs(Verbs& verbs);
void AddVerificationVerbs(Verbs& verbs);

// Those of all areas.
Verbs AllVerbs();

// The tagged bags that a scenario has given names: their numbers.
struct Bags {
  std::map<std::string, uint64_t> named;
};

// What was expected does not hold.
absl::Status Mismatch(std::string what);
// OK where the two are the same.
absl::Status ExpectSame(absl::string_view what, absl::string_view expected, absl::string_view actual);

// Words of a scenario, read. Errors are Mismatch, naming the word.
absl::StatusOr<HouseholdId> ReadHouseholdWord(const std::string& word);
absl::StatusOr<Points> ReadPointsWord(const std::string& word);  // "1.25"
absl::StatusOr<int64_t> ReadGramsWord(const std::string& word);  // "800g", "1.25kg"
absl::StatusOr<int> ReadCategoryWord(const std::string& word);   // "FOOD"
// "2026-06-15" and "08:00" or "08:00:30", in the programme's time zone.
absl::StatusOr<absl::Time> ReadTimeWords(const std::string& day, const std::string& time, absl::TimeZone zone);

}  // namespace fenfen::scenarios
