#include "ledger/points/trust/sentences.h"

#include "absl/strings/str_cat.h"
#include "fenfen/v1/risk.pb.h"
#include "ledger/points/correcting/grounds.h"

namespace fenfen {
namespace {

std::string StationName(const ledger::v1::RiskEvidence& evidence, int at, const Catalogue& catalogue) {
  if (at >= evidence.stations_size()) return "?";
  const v1::Station* station = catalogue.Find<v1::Station>(CatalogueId(evidence.stations(at)));
  return station == nullptr ? "?" : station->display_name();
}

std::string StaffName(uint64_t id, const Catalogue& catalogue) {
  const v1::Staff* staff = catalogue.Find<v1::Staff>(CatalogueId(id));
  return staff == nullptr ? "?" : staff->name();
}

// "12.5" of hundredths.
std::string Hundredths(int64_t value) { return FormatPoints(Points(value)); }

// Neutral words: a check is no reproach, and nothing is taken.
Sentence CaseSentence(TransactionKind kind, const ledger::v1::RiskCase& one) {
  if (kind == TransactionKind::kHold && one.hold_last_day() != 0) {
    const std::string limit = FormatPoints(Points(one.hold_limit()));
    return {
        absl::StrCat("社区正在核对近期的投放记录，最迟到 ", DayText(one.hold_last_day()), "；期间单次兑换最多 ", limit, " 分，积分不变"),
        absl::StrCat("The community is checking recent drops, until ", DayText(one.hold_last_day()),
                     " at the latest; meanwhile one redemption costs at most ", limit, " points, and no points change")};
  }
  if (kind == TransactionKind::kHold) {
    return {"社区正在核对近期的投放记录，积分和兑换都不受影响",
            "The community is checking recent drops; points and redemptions are not affected"};
  }
  const Sentence reason = ReasonText(one.grounds());
  if (!one.confirmed()) {
    return {absl::StrCat("近期投放记录核对完毕，没有问题（", reason.zh, "），谢谢配合"),
            absl::StrCat("The check of recent drops is over: all is well (", reason.en, "). Thank you")};
  }
  return {absl::StrCat("近期投放记录核对完毕，与实际不符（", reason.zh, "）；积分如需更正会另记一条，您可以申诉"),
          absl::StrCat("The check of recent drops is over: they were not as recorded (", reason.en,
                       "); a correction of points would be an entry of its own, against which you may appeal")};
}

Sentence ResultSentence(const ledger::v1::ReinspectionResult& result) {
  if (result.correct()) {
    return {"随机抽查复核了一次投放，记录无误", "A drop was picked at random and looked into again: the record is right"};
  }
  ledger::v1::Grounds grounds;
  grounds.set_reason(result.reason());
  const Sentence reason = ReasonText(grounds);
  return {absl::StrCat("随机抽查复核了一次投放，与记录不符（", reason.zh, "）；积分如需更正会另记一条"),
          absl::StrCat("A drop was picked at random and looked into again: not as recorded (", reason.en,
                       "); a correction of points would be an entry of its own")};
}

}  // namespace

Sentence TrustSentence(TransactionKind kind, const ledger::v1::TrustFacts& facts, Points /*reward*/, Points /*civic*/,
                       const Catalogue& /*catalogue*/) {
  if (facts.has_risk_case()) return CaseSentence(kind, facts.risk_case());
  if (facts.has_result()) return ResultSentence(facts.result());
  return {};
}

Sentence EvidenceSentence(const ledger::v1::RiskEvidence& evidence, const Catalogue& catalogue) {
  const int64_t measured = evidence.measured();
  const int64_t threshold = evidence.threshold();
  const auto station = [&](int at) { return StationName(evidence, at, catalogue); };
  switch (evidence.signal()) {
    case v1::RISK_SIGNAL_VELOCITY:
      return {absl::StrCat("短时间内投放 ", measured, " 次，超过 ", threshold, " 次"),
              absl::StrCat(measured, " drops within a short time; the limit is ", threshold)};
    case v1::RISK_SIGNAL_TRAVEL:
      return {absl::StrCat("先在“", station(0), "”、", measured, " 秒后在“", station(1), "”投放，路上至少要 ", threshold, " 秒"),
              absl::StrCat("At “", station(0), "” and ", measured, " seconds later at “", station(1), "”; the way takes at least ",
                           threshold, " seconds")};
    case v1::RISK_SIGNAL_WEIGHT:
      return {absl::StrCat(evidence.entry_count(), " 次投放的重量远离同小区同类的中位数，最多相差 ", Hundredths(measured),
                           " 倍绝对中位差，超过 ", Hundredths(threshold), " 倍"),
              absl::StrCat("The weights of ", evidence.entry_count(), " drops are far from the median of their category and estate: up to ",
                           Hundredths(measured), " median absolute deviations; the limit is ", Hundredths(threshold))};
    case v1::RISK_SIGNAL_PAIR:
      return {absl::StrCat("指导员 ", StaffName(evidence.subject(), catalogue), " 为这一户记录了 ", evidence.entry_count(),
                           " 次投放，是本街道同类中位数的 ", measured, "%，超过 ", threshold, "%"),
              absl::StrCat("The attendant ", StaffName(evidence.subject(), catalogue), " recorded ", evidence.entry_count(),
                           " drops for this household: ", measured, "% of the median pair of the town; the limit is ", threshold, "%")};
    case v1::RISK_SIGNAL_IDENTITY:
      return {absl::StrCat("同一个人是 ", measured, " 个家庭的成员，超过 ", threshold, " 个"),
              absl::StrCat("One person is a member of ", measured, " households; the limit is ", threshold)};
    case v1::RISK_SIGNAL_TWO_PLACES:
      return {absl::StrCat("同一张卡或同一个人 ", measured, " 秒内在“", station(0), "”和“", station(1), "”两处投放"),
              absl::StrCat("One card or person at “", station(0), "” and “", station(1), "” within ", measured, " seconds")};
    case v1::RISK_SIGNAL_SHARED_CODE:
      return {absl::StrCat("“", station(0), "”的同一个站点码被 ", measured, " 户使用，超过 ", threshold, " 户"),
              absl::StrCat("One code of “", station(0), "” was used by ", measured, " households; the limit is ", threshold)};
    case v1::RISK_SIGNAL_CLOSED_STATION:
      return {absl::StrCat("在“", station(0), "”不开放时投放 ", measured, " 次，超过 ", threshold, " 次"),
              absl::StrCat(measured, " drops at “", station(0), "” while it was closed; the limit is ", threshold)};
    default:
      return {};
  }
}

}  // namespace fenfen
