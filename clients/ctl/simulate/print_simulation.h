// A simulation's report for people, as tables, and for programs, as one line of JSON. Thread-safe: functions.
#pragma once

#include <string>

#include "clients/ctl/simulate/simulation.h"

namespace fenfen::ctl {

std::string SimulationText(const SimulationReport& report, const SimulationTerms& terms);
// Amounts in hundredths of a point.
std::string SimulationJson(const SimulationReport& report, const SimulationTerms& terms);

}  // namespace fenfen::ctl
