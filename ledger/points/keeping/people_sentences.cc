// Sentences about members, cards and moves.
#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/points/keeping/sentences.h"
#include "ledger/points/records.h"

namespace fenfen {
namespace {

using ledger::v1::CardFacts;
using ledger::v1::MembershipFacts;

Sentence RoleName(uint32_t role) {
  switch (static_cast<MemberRole>(role)) {
    case MemberRole::kAdult:
      return {"成年成员", "adult"};
    case MemberRole::kHead:
      return {"户主", "head of the household"};
    case MemberRole::kMinor:
      return {"未成年成员", "minor"};
    case MemberRole::kAssisted:
      return {"代办成员", "assisted member"};
    case MemberRole::kLeft:
      break;
  }
  return {"已退出", "former member"};
}

// The calendar is the programme's, eight hours ahead of UTC.
std::string MinuteText(int64_t micros) {
  return absl::FormatTime("%Y-%m-%d %H:%M", absl::FromUnixMicros(micros), absl::FixedTimeZone(8 * 3600));
}

std::string RegionText(uint64_t id, const Catalogue& catalogue) {
  const v1::Region* region = catalogue.Find<v1::Region>(CatalogueId(id));
  return region == nullptr ? "" : region->display_name();
}

}  // namespace

Sentence MembershipSentence(const MembershipFacts& facts) {
  const Sentence role = RoleName(facts.role());
  const std::string who_zh = absl::StrCat(facts.member(), " 号成员");
  const std::string who = absl::StrCat("Member ", facts.member());
  Sentence s;
  switch (facts.change()) {
    case MembershipFacts::CHANGE_INVITED: {
      const std::string until = MinuteText(facts.expire_time());
      return {absl::StrCat("邀请一位家人加入（", role.zh, "），邀请码 ", until, " 前有效，只能用一次"),
              absl::StrCat("Invited somebody to join as ", role.en, "; the code is good once, until ", until)};
    }
    case MembershipFacts::CHANGE_JOINED:
      return {absl::StrCat(who_zh, "凭邀请码加入，身份为", role.zh), absl::StrCat(who, " joined by an invitation, as ", role.en)};
    case MembershipFacts::CHANGE_ADDED:
      return {absl::StrCat("登记 ", who_zh, "（", role.zh, "，不用手机）"),
              absl::StrCat(who, " was added as ", role.en, ", without a phone")};
    case MembershipFacts::CHANGE_LEFT:
      s = {absl::StrCat(who_zh, "退出家庭，以往的投放和积分仍留在家庭里"),
           absl::StrCat(who, " left; earlier drops and points stay with the household")};
      break;
    case MembershipFacts::CHANGE_ROLE:
      s = {absl::StrCat(who_zh, "的身份由", RoleName(facts.role_before()).zh, "改为", role.zh),
           absl::StrCat(who, " was ", RoleName(facts.role_before()).en, " and is now ", role.en)};
      break;
    case MembershipFacts::CHANGE_CONSENT:
      return {absl::StrCat("已登记 ", who_zh, "的代办同意书，指导员可以代为扫码"),
              absl::StrCat(who, "'s consent is recorded; attendants may scan for them")};
    case MembershipFacts::CHANGE_CONSENT_WITHDRAWN:
      return {absl::StrCat(who_zh, "收回了代办同意，指导员不再代为扫码"),
              absl::StrCat(who, " withdrew the consent; attendants no longer scan for them")};
    default:
      return s;
  }
  if (facts.next_head() != 0) {
    absl::StrAppend(&s.zh, "，", facts.next_head(), " 号成员为户主");
    absl::StrAppend(&s.en, "; member ", facts.next_head(), " is head now");
  }
  return s;
}

Sentence CardSentence(const CardFacts& facts) {
  switch (facts.change()) {
    case CardFacts::CHANGE_ISSUED:
      return {"发放积分卡，没有手机也可以出示卡片积分", "A card was issued; it earns points without a phone"};
    case CardFacts::CHANGE_REISSUED:
      return {"补发积分卡，旧卡即刻作废，积分不变",
              "Another card was issued; the old one is good for nothing from now on, the points stay"};
    case CardFacts::CHANGE_REVOKED:
      return {"积分卡已挂失作废，积分不变；补卡前可用门牌号登记投放",
              "The card was revoked, the points stay; until there is another, the door's number serves"};
    default:
      return {};
  }
}

Sentence MoveSentence(const ledger::v1::MoveFacts& facts, const Catalogue& catalogue) {
  const std::string before = RegionText(facts.region_before(), catalogue);
  const std::string after = RegionText(facts.region_after(), catalogue);
  if (facts.region_before() == facts.region_after()) {
    return {absl::StrCat("在", after, "内换了门牌，积分和记录不变"),
            absl::StrCat("Another door within ", after, "; points and history stay")};
  }
  return {absl::StrCat("从", before, "搬到", after, "，积分和记录不变，以后的积分按", after, "的规则计"),
          absl::StrCat("Moved from ", before, " to ", after, "; points and history stay, and from now on the rules of ", after, " count")};
}

}  // namespace fenfen
