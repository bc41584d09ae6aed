#include "ledger/points/trust/risk_rules.h"

#include <array>
#include <cstdint>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/points/stored_message.h"

namespace fenfen {
namespace {

constexpr int64_t kHoldLimitMax = 100'000'000;  // hundredths: a million points

// What the numbers of a signal's rule may be; both zero where the signal has none.
struct Bounds {
  v1::RiskSignal signal;
  std::pair<int64_t, int64_t> threshold;
  std::pair<int64_t, int64_t> span_seconds;
  std::pair<int64_t, int64_t> count_min;
};
constexpr std::array<Bounds, 8> kBounds = {{
    {v1::RISK_SIGNAL_VELOCITY, {1, 1000}, {60, 86'400}, {0, 0}},
    {v1::RISK_SIGNAL_TRAVEL, {10, 1000}, {1, 86'400}, {0, 0}},
    {v1::RISK_SIGNAL_WEIGHT, {300, 100'000}, {0, 0}, {1, 100}},
    {v1::RISK_SIGNAL_PAIR, {150, 100'000}, {0, 0}, {2, 1000}},
    {v1::RISK_SIGNAL_IDENTITY, {1, 100}, {0, 0}, {0, 0}},
    {v1::RISK_SIGNAL_TWO_PLACES, {0, 0}, {1, 3600}, {0, 0}},
    {v1::RISK_SIGNAL_SHARED_CODE, {1, 1000}, {0, 0}, {0, 0}},
    {v1::RISK_SIGNAL_CLOSED_STATION, {0, 1000}, {0, 86'400}, {0, 0}},
}};

const Bounds* BoundsOf(v1::RiskSignal signal) {
  for (const Bounds& bounds : kBounds) {
    if (bounds.signal == signal) return &bounds;
  }
  return nullptr;
}

void CheckRange(absl::string_view field, int row, int64_t value, std::pair<int64_t, int64_t> range, RiskRulesFault fault) {
  const auto [low, high] = range;
  if (value >= low && value <= high) return;
  fault(field, row, absl::StrCat(value, " 超出范围 ", low, "–", high), absl::StrCat(value, " is not within ", low, " to ", high));
}

void AddRule(v1::RiskRules& rules, v1::RiskSignal signal, v1::RiskEffect effect, int priority, int64_t threshold, int64_t span_seconds,
             int count_min) {
  v1::RiskRule& rule = *rules.add_rules();
  rule.set_signal(signal);
  rule.set_effect(effect);
  rule.set_priority(priority);
  rule.set_threshold(threshold);
  rule.set_span_seconds(span_seconds);
  rule.set_count_min(count_min);
}

}  // namespace

void CheckRiskRules(const v1::RiskRules& rules, RiskRulesFault fault) {
  CheckRange("risk_rules.window_days", 0, rules.window_days(), {1, kRiskWindowDaysMax}, fault);
  CheckRange("risk_rules.hold_days", 0, rules.hold_days(), {1, 14}, fault);
  CheckRange("risk_rules.hold_limit", 0, rules.hold_limit(), {0, kHoldLimitMax}, fault);
  CheckRange("risk_rules.quiet_days", 0, rules.quiet_days(), {1, 90}, fault);
  std::set<int> seen;
  for (int i = 0; i < rules.rules_size(); ++i) {
    const v1::RiskRule& rule = rules.rules(i);
    const int row = i + 1;
    const Bounds* bounds = BoundsOf(rule.signal());
    if (bounds == nullptr) {
      fault("risk_rules.rules.signal", row, "没有这种信号", "is not a signal");
      continue;
    }
    if (!seen.insert(rule.signal()).second) fault("risk_rules.rules.signal", row, "重复出现", "comes twice");
    CheckRange("risk_rules.rules.effect", row, rule.effect(), {v1::RISK_EFFECT_OFF, v1::RISK_EFFECT_HOLD}, fault);
    if (rule.effect() == v1::RISK_EFFECT_OFF) continue;
    CheckRange("risk_rules.rules.priority", row, rule.priority(), {1, 9}, fault);
    CheckRange("risk_rules.rules.threshold", row, rule.threshold(), bounds->threshold, fault);
    CheckRange("risk_rules.rules.span_seconds", row, rule.span_seconds(), bounds->span_seconds, fault);
    CheckRange("risk_rules.rules.count_min", row, rule.count_min(), bounds->count_min, fault);
  }
}

// Chosen so that the demo district's honest households raise nothing; docs/formats/risk.md says how.
v1::RiskRules DefaultRiskRules() {
  v1::RiskRules rules;
  rules.set_window_days(7);
  rules.set_hold_days(7);
  rules.set_hold_limit(50'00);
  rules.set_quiet_days(14);
  AddRule(rules, v1::RISK_SIGNAL_VELOCITY, v1::RISK_EFFECT_HOLD, 6, 10, 3600, 0);
  AddRule(rules, v1::RISK_SIGNAL_TRAVEL, v1::RISK_EFFECT_HOLD, 7, 100, 300, 0);
  AddRule(rules, v1::RISK_SIGNAL_WEIGHT, v1::RISK_EFFECT_FLAG, 5, 1500, 0, 3);
  AddRule(rules, v1::RISK_SIGNAL_PAIR, v1::RISK_EFFECT_HOLD, 8, 500, 0, 20);
  AddRule(rules, v1::RISK_SIGNAL_IDENTITY, v1::RISK_EFFECT_FLAG, 4, 3, 0, 0);
  AddRule(rules, v1::RISK_SIGNAL_TWO_PLACES, v1::RISK_EFFECT_HOLD, 9, 0, 30, 0);
  AddRule(rules, v1::RISK_SIGNAL_SHARED_CODE, v1::RISK_EFFECT_FLAG, 6, 8, 0, 0);
  AddRule(rules, v1::RISK_SIGNAL_CLOSED_STATION, v1::RISK_EFFECT_FLAG, 1, 3, 900, 0);
  return rules;
}

const v1::RiskRule* RuleFor(const v1::RiskRules& rules, v1::RiskSignal signal) {
  for (const v1::RiskRule& rule : rules.rules()) {
    if (rule.signal() == signal) return rule.effect() == v1::RISK_EFFECT_OFF ? nullptr : &rule;
  }
  return nullptr;
}

ReadSet RiskRulesReads() { return {{kRiskRulesKey}, {}}; }

absl::StatusOr<Transaction> DecideRiskRules(const View& view, const v1::RiskRules& rules, const DecisionContext& context) {
  absl::Status fault;
  CheckRiskRules(rules, [&fault](absl::string_view field, int row, absl::string_view zh, absl::string_view en) {
    if (!fault.ok()) return;
    fault = Refuse(Reason::REASON_ROW_INVALID, {{"row", absl::StrCat(row)}, {"detail", absl::StrCat(zh, " / ", en)}}, field);
  });
  if (!fault.ok()) return fault;
  const absl::StatusOr<StoredMessage<v1::RiskRules>> present = ReadMessage<v1::RiskRules>(view, kRiskRulesKey);
  if (!present.ok()) return present.status();
  Transaction transaction = BeginTransaction(TransactionKind::kCatalogueUpdate, context, context.now);
  transaction.changes.push_back({kRiskRulesKey, present->version, SerialiseMessage(rules)});
  transaction.why = EncodeWhy(CatalogueWhy{1, 0});
  return transaction;
}

std::shared_ptr<const v1::RiskRules> RiskRulesStore::Snapshot() const {
  absl::ReaderMutexLock lock(&mutex_);
  return current_;
}

bool RiskRulesStore::IsDefault() const {
  absl::ReaderMutexLock lock(&mutex_);
  return is_default_;
}

void RiskRulesStore::Apply(const CommittedTransaction& committed) {
  if (committed.partition != kCataloguePartition) return;
  for (const RecordChange& change : committed.transaction.changes) {
    if (change.key == kRiskRulesKey) Take(change.bytes);
  }
}

void RiskRulesStore::Restore(const PartitionContents& contents) {
  if (contents.partition != kCataloguePartition) return;
  for (const PartitionContents::Record& record : contents.records) {
    if (record.key == kRiskRulesKey) Take(record.bytes);
  }
}

void RiskRulesStore::Take(absl::string_view bytes) {
  auto rules = std::make_shared<v1::RiskRules>();
  FENFEN_CHECK(rules->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  absl::MutexLock lock(&mutex_);
  current_ = std::move(rules);
  is_default_ = false;
}

}  // namespace fenfen
