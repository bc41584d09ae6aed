// What the areas of the history share: the stage, the district and who plays a part in it, the day that is played, and what one area leaves
// for another. And how an area says what happens when.
//
// Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_HISTORY_STORY_H_
#define FENFEN_CLIENTS_CTL_DEMO_HISTORY_STORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "clients/ctl/demo/cast.h"
#include "clients/ctl/demo/day.h"
#include "clients/ctl/demo/history/devices.h"
#include "clients/ctl/demo/history/stage.h"
#include "clients/ctl/demo/workspace.h"

namespace fenfen::ctl {

// A voucher that somebody has.
struct StoryVoucher {
  std::string name, code, offer, merchant, member;
  int due_day = 0;      // on which something becomes of it
  bool cancel = false;  // else it is captured
};

// What happened, for the report.
struct StoryCounts {
  int64_t credited = 0, rejected = 0, by_attendants = 0, reserved = 0, captured = 0, cancelled = 0, refunded = 0;
};

struct Story {
  Stage& stage;
  Devices& devices;
  const District& district;
  const Workspace& workspace;
  const Cast cast;
  SeededRandom random;
  const absl::CivilDay first_day;
  const int days;

  int day = 0;                              // the one that is played, from 0
  std::vector<size_t> active = {};          // estates whose households are about
  std::vector<size_t> residents = {};       // their households
  std::vector<size_t> keen = {};            // those of them with WeChat that bring many recyclables
  std::vector<std::string> held_back = {};  // lines of devices that are offline
  std::vector<StoryVoucher> vouchers = {};
  std::vector<StoryVoucher> refundable = {};
  std::string wrong_entry = {}, debt_entry = {}, appeal_entry = {};  // that corrections are about
  StoryCounts counts = {};

  absl::CivilDay Today() const { return first_day + day; }
  // A moment of the day that is played.
  absl::Time At(int hour, int minute = 0) const {
    return absl::FromCivil(Today(), ProgrammeTimeZone()) + absl::Minutes(60 * hour + minute);
  }
  // The day at such a share of the history, 0 to 1.
  int DayAt(double share) const { return static_cast<int>(share * days); }
  std::string Household(size_t index) const { return HouseholdNameOf(district, index); }
  Person Resident(size_t index) const { return ResidentPerson(MemberNameOf(district, index)); }
  // Who serves the estate in which a household lives.
  Person Staff(size_t index) const {
    return StaffPerson(district.staff[StaffOfEstate(district, district.households[index].estate, "staff")].id);
  }
  Person Attendant(size_t index) const {
    return AttendantPerson(district.staff[StaffOfEstate(district, district.households[index].estate, "attendant")].id);
  }
  // The station to which a household goes.
  std::string Station(size_t index) const { return "stations/" + NearStation(district, index).id; }
};

// The pilot's days, each the 15th of a month: what is earned on them lapses two months after.
struct PilotDays {
  absl::CivilDay lapses;       // at the last month's end before a first of a month in the history
  absl::CivilDay lapses_soon;  // at the end of the month after the history's last day
};
PilotDays PilotDaysOf(absl::CivilDay first_day, int days);

// Something that happens once.
struct Step {
  double share;  // of the history, 0 to 1
  absl::Status (*play)(Story&);
};

// Plays what is due on the day, ten minutes from one to the next. The first error ends it.
absl::Status PlaySteps(Story& story, absl::Span<const Step> steps);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_HISTORY_STORY_H_
