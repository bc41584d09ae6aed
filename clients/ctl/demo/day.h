// Drops of the demo district by the load model: which kinds, how heavy, at which hour. Lines of JSON as `fenfen-station enqueue` reads
// them.
//
// The same seed gives the same day. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_DAY_H_
#define FENFEN_CLIENTS_CTL_DEMO_DAY_H_

#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "clients/ctl/demo/district.h"
#include "clients/ctl/demo/random.h"

namespace fenfen::ctl {

// One line of one drop at a time, without the line's end.
std::string DropLine(const District& district, SeededRandom* random, absl::Time time);

// A day's drops in order of time.
std::vector<std::string> DayOfDrops(const District& district, SeededRandom* random, absl::CivilDay day, int64_t drops);

// The drops on the days before `day` that give the people to sign in as something to spend: about forty-five points a day for the rich
// household.
std::vector<std::string> EarlierDrops(const District& district, absl::CivilDay day);

// The programme's time zone.
absl::TimeZone ProgrammeTimeZone();

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_DAY_H_
