// What else a household does: members, gifts, vouchers that come to nothing, choices, boards, an appeal; and many vouchers at one stall.
#include <boost/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/check/journeys.h"
#include "clients/ctl/demo/day.h"

namespace fenfen::ctl {

namespace {

using boost::json::object;

constexpr int64_t kGift = 100;

void Members(Tour* tour, const SignedIn& head) {
  const HttpAnswer invited = tour->Post("the head invites", head, head.household + "/invitations", object{{"role", "MEMBER_ROLE_ADULT"}});
  tour->checks->Expect(!invited.Text("data.invitation.code").empty(), "an invitation has a code", invited.body.substr(0, 200));
  const HttpAnswer added = tour->Post("a child is added", head, head.household + "/members", object{{"role", "MEMBER_ROLE_MINOR"}});
  tour->Post("and leaves", head, head.household + "/members:remove", object{{"member", added.Text("data.member")}});
  tour->Refused("a card that there is none of", head, head.household + "/card:revoke", {}, "CARD_ABSENT");
}

void PointsJourney(Tour* tour, const SignedIn& giver, const SignedIn& other) {
  const int64_t before = tour->Balance();
  const HttpAnswer gift =
      tour->Post("points are given", giver, giver.household + ":giftPoints", object{{"to", other.household}, {"amount", kGift}});
  tour->checks->ExpectEqual(gift.Number("data.transfer.amount"), kGift, "and arrive");
  tour->checks->ExpectEqual(tour->Balance(), before - kGift, "and are the giver's no more");
  const HttpAnswer reserved = tour->Post("an offer is reserved", giver, giver.household + "/vouchers", object{{"offer", "offers/O001"}});
  tour->Post("and cancelled", giver, reserved.Text("data.voucher.name") + ":cancel", {});
  tour->checks->ExpectEqual(tour->Balance(), before - kGift, "a cancelled voucher's points come back");
  const HttpAnswer another = tour->Post("one for the fair", giver, giver.household + "/vouchers", object{{"offer", "offers/O001"}});
  const HttpAnswer fair = tour->Post(
      "a stall captures many", tour->merchant, tour->merchant.merchant + "/captures:batch",
      object{{"codes", boost::json::array{boost::json::string(another.Text("data.voucher.code")), "00000-0000-0000-0000-0000"}}});
  tour->checks->ExpectEqual(fair.Number("data.captured"), 1, "and each is told what became of it");
  tour->checks->ExpectEqual(fair.Text("data.outcomes.1.reason"), "VOUCHER_UNKNOWN", "also one that is none");
}

void Play(Tour* tour, const SignedIn& who) {
  tour->Post("somebody leaves the boards", who, who.household + "/preferences", object{{"hidden", true}});
  tour->Post("and comes back", who, who.household + "/preferences", object{{"hidden", false}});
  const HttpAnswer board = tour->Get("today's board", who, who.household + "/board?board=boards/day");
  tour->checks->Expect(!board.Text("data.board.closes_on").empty(), "says when it closes", board.body.substr(0, 200));
  tour->Refused("a second team", who, who.household + "/teams", object{{"title", "另一队"}}, "TEAM_TAKEN");
  const std::string yesterday = absl::FormatCivilTime(absl::ToCivilDay(absl::Now(), ProgrammeTimeZone()) - 1);
  const HttpAnswer game = tour->Get("the streak", who, who.household + "/game");
  tour->checks->Expect(game.Number("data.game.streak_days") > 0 || game.Text("data.game.streak_days").empty(), "is told",
                       game.body.substr(0, 200));
  tour->Refused("a freeze of a day with a drop", who, who.household + "/freezes", object{{"day", yesterday}}, "FREEZE_NOT_NEEDED");
}

}  // namespace

void HouseholdJourney(Tour* tour) {
  const SignedIn& resident = tour->resident;
  Members(tour, resident);
  PointsJourney(tour, resident, tour->SignIn("demo-resident-6"));
  Play(tour, resident);
  tour->Get("its notices", resident, resident.household + "/notices");
  const object reason = {{"reason", "CORRECTION_REASON_WRONG_WEIGHT"}};
  const HttpAnswer appeal = tour->Post("a resident appeals", resident, tour->drop_entry + ":appeal", reason);
  tour->checks->ExpectEqual(appeal.Text("data.appeal.state"), "STATE_OPEN", "and the appeal is open");
  tour->appeal = appeal.Text("data.appeal.name");
  tour->Refused("a second appeal at a time", resident, tour->drop_entry + ":appeal", reason, "APPEAL_OPEN");
}

}  // namespace fenfen::ctl
