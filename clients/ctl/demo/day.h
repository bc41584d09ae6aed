// Drops of the demo district by the load model: which kinds, how heavy, at which hour. Lines of JSON as `fenfen-station enqueue` reads
// them.
//
// The same seed gives the same day. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_DAY_H_
#define FENFEN_CLIENTS_CTL_DEMO_DAY_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "clients/ctl/demo/district.h"
#include "clients/ctl/demo/random.h"

namespace fenfen::ctl {

// The station to which a household goes, that of its estate that is near.
const DemoStation& NearStation(const District& district, size_t household);

// One line of one drop of anybody at a time, without the line's end.
std::string DropLine(const District& district, SeededRandom* random, absl::Time time);
// The same of one household, by its index.
std::string DropLineOf(const District& district, size_t household, SeededRandom* random, absl::Time time);
// The same with what was dropped given, by member 1; 0 grams where nothing was weighed.
std::string GivenDropLine(const District& district, size_t household, absl::string_view category, int64_t grams, absl::Time time);

// When in a day so many drops come, seconds since midnight, rising.
std::vector<int64_t> SecondsOfDrops(SeededRandom* random, int64_t drops);

// A day's drops in order of time.
std::vector<std::string> DayOfDrops(const District& district, SeededRandom* random, absl::CivilDay day, int64_t drops);

// The drops on the days before `day` that give the people to sign in as something to spend: about forty-five points a day for the rich
// household.
std::vector<std::string> EarlierDrops(const District& district, absl::CivilDay day);

// The programme's time zone.
absl::TimeZone ProgrammeTimeZone();

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_DAY_H_
