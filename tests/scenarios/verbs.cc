#include "tests/scenarios/verbs.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fenfen/v1/drop.pb.h"

namespace fenfen::scenarios {
namespace {

// A decimal number times ten to the `digits`; nullopt for anything else.
std::optional<int64_t> ReadDecimal(absl::string_view text, int digits) {
  const bool negative = absl::ConsumePrefix(&text, "-");
  absl::ConsumePrefix(&text, "+");
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('.', 1));
  std::string all = parts.second;
  if (parts.first.empty() || all.size() > static_cast<size_t>(digits)) return std::nullopt;
  all.append(static_cast<size_t>(digits) - all.size(), '0');
  int64_t value = 0;
  if (!absl::SimpleAtoi(parts.first + all, &value)) return std::nullopt;
  return negative ? -value : value;
}

}  // namespace

const Verb* Verbs::Find(const Step& step) const {
  if (step.words.size() > 1) {
    const auto two = verbs_.find(absl::StrCat(step.words[0], " ", step.words[1]));
    if (two != verbs_.end()) return &two->second;
  }
  const auto one = verbs_.find(step.words[0]);
  return one == verbs_.end() ? nullptr : &one->second;
}

Verbs AllVerbs() {
  Verbs verbs;
  AddBasicVerbs(verbs);
  AddBudgetVerbs(verbs);
  AddCorrectingVerbs(verbs);
  AddGameVerbs(verbs);
  AddHouseholdVerbs(verbs);
  AddSpendingVerbs(verbs);
  AddTrustVerbs(verbs);
  AddVerificationVerbs(verbs);
  return verbs;
}

absl::Status Mismatch(std::string what) { return absl::AbortedError(what); }

absl::Status ExpectSame(absl::string_view what, absl::string_view expected, absl::string_view actual) {
  if (expected == actual) return absl::OkStatus();
  return Mismatch(absl::StrCat(what, " is ", actual, ", not ", expected));
}

absl::StatusOr<HouseholdId> ReadHouseholdWord(const std::string& word) {
  uint64_t number = 0;
  if (!absl::SimpleAtoi(word, &number) || number == 0) return Mismatch(absl::StrCat("\"", word, "\" is not a household's number"));
  return HouseholdId(number);
}

absl::StatusOr<Points> ReadPointsWord(const std::string& word) {
  const std::optional<int64_t> hundredths = ReadDecimal(word, 2);
  if (!hundredths) return Mismatch(absl::StrCat("\"", word, "\" is not an amount of points"));
  return Points(*hundredths);
}

absl::StatusOr<int64_t> ReadGramsWord(const std::string& word) {
  absl::string_view text = word;
  std::optional<int64_t> grams;
  if (absl::ConsumeSuffix(&text, "kg")) {
    grams = ReadDecimal(text, 3);
  } else if (absl::ConsumeSuffix(&text, "g")) {
    grams = ReadDecimal(text, 0);
  }
  if (!grams) return Mismatch(absl::StrCat("\"", word, "\" is not a weight such as 800g or 1.25kg"));
  return *grams;
}

absl::StatusOr<int> ReadCategoryWord(const std::string& word) {
  v1::Category category = v1::CATEGORY_UNSPECIFIED;
  if (!v1::Category_Parse(absl::StrCat("CATEGORY_", word), &category)) return Mismatch(absl::StrCat("\"", word, "\" is not a category"));
  return static_cast<int>(category);
}

absl::StatusOr<absl::Time> ReadTimeWords(const std::string& day, const std::string& time, absl::TimeZone zone) {
  absl::Time instant;
  std::string error;
  for (const char* format : {"%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"}) {
    if (absl::ParseTime(format, absl::StrCat(day, " ", time), zone, &instant, &error)) return instant;
  }
  return Mismatch(absl::StrCat("\"", day, " ", time, "\" is not a time: ", error));
}

}  // namespace fenfen::scenarios
