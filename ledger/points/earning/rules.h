// Rules: a rule set made ready to judge drops by: names hashed, times parsed, caps numbered. Made once when a version comes into the
// catalogue, from a rule set that CheckRuleSet has let in.
//
//   const Rules* rules = catalogue.RulesOn(day);
//   const RuleTerms* rule = rules->Match(traits, catalogue);
//
// Immutable, so thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fenfen/v1/catalogue.pb.h"
#include "ledger/core/ids.h"
#include "ledger/points/records.h"

namespace fenfen {

class Catalogue;

// Of a drop, what rules look at.
struct DropTraits {
  int category = 0;              // a v1::Category
  std::optional<int64_t> grams;  // as weighed
  int64_t pieces = 0;
  absl::string_view material;            // empty for none
  const v1::Station* station = nullptr;  // never nullptr
  absl::Time time;
  absl::TimeZone zone;
  v1::VerificationKind verification = v1::VERIFICATION_KIND_UNSPECIFIED;
  std::optional<MemberRole> role;  // nullopt where the member is not known
};

// A v1::RuleMatch made ready. Empty lists hold for everything.
class Matcher {
 public:
  Matcher() = default;
  explicit Matcher(const v1::RuleMatch& match);
  void OnlyCategory(int category) { categories_ &= static_cast<uint8_t>(1 << category); }
  bool Holds(const DropTraits& traits, const Catalogue& catalogue) const {
    return (categories_ >> traits.category & 1) != 0 && (plain_ || HoldsBeyondCategory(traits, catalogue));
  }

 private:
  struct Window {
    int begin_minute;
    int end_minute;
  };
  bool HoldsBeyondCategory(const DropTraits& traits, const Catalogue& catalogue) const;

  uint8_t categories_ = 0xff;  // a bit each
  bool plain_ = true;          // nothing but categories is asked for
  std::vector<std::string> materials_;
  std::vector<std::string> station_kinds_;
  std::vector<CatalogueId> regions_;
  std::vector<std::string> site_types_;
  std::vector<Window> windows_;
  int64_t grams_min_ = 0;
  int64_t grams_max_ = 0;
  std::vector<v1::VerificationKind> verifications_;
  uint8_t roles_ = 0;  // a bit each MemberRole; 0 for all
};

// A limit as the credit of a period uses it.
struct CapTerms {
  uint64_t key = 0;  // of id, scope, period and unit: what counts together over versions of the rules
  v1::CapScope scope = v1::CAP_SCOPE_HOUSEHOLD;
  v1::CapPeriod period = v1::CAP_PERIOD_DAY;
  v1::CapUnit unit = v1::CAP_UNIT_COUNT;
  int64_t limit = 0;
  bool holds_bonuses = false;
  Matcher match;
  const v1::Cap* cap = nullptr;  // nullptr for a rule's own limit
};

struct RuleTerms {
  uint32_t number = 0;  // place in the set
  const v1::Rule* rule = nullptr;
  Matcher match;
  std::optional<CapTerms> drops_cap;
  std::optional<CapTerms> reward_cap;
};

struct BonusTerms {
  const v1::Bonus* bonus = nullptr;
  Matcher match;
  uint8_t required = 0;  // a bit a category
};

// When drops are credited that match.
struct PolicyTerms {
  Matcher match;
  absl::Duration wait;    // from its record until it is decided by itself
  bool released = false;  // by itself, rather than rejected
  const v1::VerificationPolicy* policy = nullptr;
};

// What a drop is worth before any cap.
struct DropValue {
  int64_t counted_grams = 0;
  Points reward;
  Points civic;
  std::vector<uint32_t> campaigns;  // that raised or lowered it, by their place in the set
};

class Rules {
 public:
  explicit Rules(v1::RuleSet set);
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;

  const v1::RuleSet& set() const { return set_; }
  uint32_t version() const { return static_cast<uint32_t>(set_.version()); }
  // The first day, see DayNumber; INT32_MIN for ever since.
  int32_t effective_day() const { return effective_day_; }
  int32_t late_days_max() const { return set_.late_days_max(); }

  // The first rule that matches, or nullptr.
  const RuleTerms* Match(const DropTraits& traits, const Catalogue& catalogue) const;
  // The award of a rule, multiplied by the campaigns that match, rounded down to a hundredth once at the end.
  DropValue ValueOf(const RuleTerms& rule, const DropTraits& traits, const Catalogue& catalogue) const;
  // The caps and bonuses that hold the drop, a bit each by their place.
  uint32_t CapsOf(const DropTraits& traits, const Catalogue& catalogue) const;
  uint16_t BonusesOf(const DropTraits& traits, const Catalogue& catalogue) const;

  // Few rule sets have any.
  bool has_policies() const { return !policies_.empty(); }
  // The first policy that matches, where it makes the drop wait; else nullptr.
  const PolicyTerms* WaitingPolicy(const DropTraits& traits, const Catalogue& catalogue) const;

  const std::vector<RuleTerms>& rules() const { return rules_; }
  const std::vector<CapTerms>& caps() const { return caps_; }
  const std::vector<BonusTerms>& bonuses() const { return bonuses_; }
  // The longest period of a cap: what a day's credit hangs together with.
  v1::CapPeriod span() const { return span_; }
  // The last day on which points earned on `day` can be spent.
  int32_t ExpiryDay(int32_t day) const;

 private:
  struct CampaignTerms {
    Matcher match;
    absl::Time begin;
    absl::Time end;
    int32_t reward_percent = 100;
    int32_t civic_percent = 100;
  };

  const v1::RuleSet set_;
  int32_t effective_day_ = 0;
  v1::CapPeriod span_ = v1::CAP_PERIOD_DAY;
  std::vector<RuleTerms> rules_;
  std::vector<CapTerms> caps_;
  std::vector<BonusTerms> bonuses_;
  std::vector<CampaignTerms> campaigns_;
  std::vector<PolicyTerms> policies_;
};

// The first and the last day of the period that `day` lies in.
struct DayRange {
  int32_t first = 0;
  int32_t last = 0;
};
DayRange PeriodOf(v1::CapPeriod period, int32_t day);

// The last day that points can have which never expire: 9999-12-31.
inline constexpr int32_t kNeverExpires = 2'932'896;

// "YYYY-MM-DD" of a day that there is, as a day's number.
std::optional<int32_t> ParseDay(absl::string_view text);
// Minutes since midnight of "HH:MM", up to "24:00".
std::optional<int> ParseMinute(absl::string_view text);
// RFC 3339.
std::optional<absl::Time> ParseInstant(absl::string_view text);
// The role of its name in a rule, such as "head"; nullopt for another.
std::optional<MemberRole> ParseRole(absl::string_view name);

}  // namespace fenfen
