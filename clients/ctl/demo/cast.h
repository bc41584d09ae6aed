// Who plays a part in the district's history: chosen from the district alone, so that whoever looks at the history afterwards finds them.
//
// Thread-safe: values.
#ifndef FENFEN_CLIENTS_CTL_DEMO_CAST_H_
#define FENFEN_CLIENTS_CTL_DEMO_CAST_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/ctl/demo/district.h"

namespace fenfen::ctl {

// Indices into District::households. Those without a remark live in the first estate and have WeChat.
struct Cast {
  size_t rich = 0;             // demo-resident-1 and -2: keeps a streak with a freeze, founds a team
  size_t saver = 0;            // demo-resident-3: lets points lapse, and has some that soon will
  size_t appellant = 0;        // demo-resident-4: appeals, and is answered
  size_t plaintiff = 0;        // demo-resident-5: its appeal is open
  size_t giver = 0;            // demo-resident-6: gives points to the rich
  size_t corrected = 0;        // credited for a wrong weight, which is reversed
  size_t debtor = 0;           // the same, and had spent it
  size_t adjusted = 0;         // gets adjustments; and has a voucher of each fate
  size_t mover = 0;            // moves to the second estate
  size_t absorbing = 0;        // takes in another household
  size_t inviting = 0;         // invites somebody
  size_t hidden = 0;           // leaves the boards
  size_t merged = 0;           // with a card: merged into `absorbing`
  size_t reissued = 0;         // with a card: loses it
  size_t assisted = 0;         // with a card: its second member agreed to be served
  size_t accomplice = 0;       // with a card: credited far above its peers by the attendant
  std::vector<size_t> shared;  // kSharedHouseholds behind one identity
};

// Chooses them. InvalidArgument where the first estate is too small for it.
absl::StatusOr<Cast> ChooseCast(const District& district);

// "households/10000001", and a member.
std::string HouseholdNameOf(const District& district, size_t household);
std::string MemberNameOf(const District& district, size_t household, int member = 1);
// The staff member, or the attendant, of the town in which an estate lies: an index into District::staff. `role` as there.
size_t StaffOfEstate(const District& district, size_t estate, const std::string& role);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_CAST_H_
