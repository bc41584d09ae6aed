#include "clients/ctl/demo/cast.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"

namespace fenfen::ctl {

namespace {

// The household of somebody to sign in as.
bool FindPerson(const District& district, const std::string& openid, size_t* household) {
  const auto found = std::find_if(district.households.begin(), district.households.end(), [&](const DemoHousehold& candidate) {
    return std::find(candidate.openids.begin(), candidate.openids.end(), openid) != candidate.openids.end();
  });
  *household = static_cast<size_t>(found - district.households.begin());
  return found != district.households.end();
}

bool IsSpokenFor(const DemoHousehold& household) {
  return std::any_of(household.openids.begin(), household.openids.end(), [](const std::string& openid) {
    return openid == kSharedOpenid || absl::string_view(openid).substr(0, 5) == "demo-";
  });
}

}  // namespace

absl::StatusOr<Cast> ChooseCast(const District& district) {
  Cast cast;
  const std::pair<const char*, size_t*> people[] = {{"demo-resident-1", &cast.rich},
                                                    {"demo-resident-3", &cast.saver},
                                                    {"demo-resident-4", &cast.appellant},
                                                    {"demo-resident-5", &cast.plaintiff},
                                                    {"demo-resident-6", &cast.giver}};
  bool complete = true;
  for (const auto& [openid, household] : people) complete &= FindPerson(district, openid, household);
  std::vector<size_t> with_phone, with_card;
  for (size_t i = district.households.size(); i-- > 0;) {
    const DemoHousehold& household = district.households[i];
    if (household.estate != 0) continue;
    if (!household.openids.empty() && household.openids[0] == kSharedOpenid) cast.shared.push_back(i);
    if (!IsSpokenFor(household)) (household.card.empty() ? with_phone : with_card).push_back(i);
  }
  size_t* const phones[] = {&cast.corrected, &cast.debtor, &cast.adjusted, &cast.mover, &cast.absorbing, &cast.inviting, &cast.hidden};
  size_t* const cards[] = {&cast.assisted, &cast.merged, &cast.reissued, &cast.accomplice};
  complete &= with_phone.size() > std::size(phones) && with_card.size() > 2 * std::size(cards) && cast.shared.size() == kSharedHouseholds;
  if (!complete) {
    return absl::InvalidArgumentError(
        "第一个小区太小，演不了历史，请增加家庭 / the first estate is too small for a history; more households");
  }
  for (size_t i = 0; i < std::size(phones); ++i) *phones[i] = with_phone[i];
  // Whoever agrees to be served is not the head.
  const auto two = std::find_if(with_card.begin(), with_card.end(), [&](size_t i) { return district.households[i].members > 1; });
  if (two != with_card.end()) std::iter_swap(two, with_card.begin());
  for (size_t i = 0; i < std::size(cards); ++i) *cards[i] = with_card[i];
  return cast;
}

std::string HouseholdNameOf(const District& district, size_t household) {
  return absl::StrCat("households/", district.households[household].number);
}

std::string MemberNameOf(const District& district, size_t household, int member) {
  return absl::StrCat(HouseholdNameOf(district, household), "/members/", member);
}

size_t StaffOfEstate(const District& district, size_t estate, const std::string& role) {
  std::map<std::string, std::string> parent_of;
  for (const DemoRegion& region : district.regions) parent_of[region.code] = region.parent;
  for (std::string at = district.estates[estate].code; !at.empty(); at = parent_of[at]) {
    for (size_t i = 0; i < district.staff.size(); ++i) {
      if (district.staff[i].region == at && district.staff[i].role == role) return i;
    }
  }
  return 0;
}

}  // namespace fenfen::ctl
