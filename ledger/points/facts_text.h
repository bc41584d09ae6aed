// A transaction's stored facts as key and value, for staff and auditors (EntryTrace.facts): every field that is set, by the names of
// docs/formats/records.md's messages, whatever the kind. Pure.
//
//   {"award.name": "quests/week", "award.reward": "300"}
//
// Amounts are hundredths and days are counted, as stored; ids are sixteen hexadecimal digits; attachments' hashes hexadecimal.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "fenfen/ledger/v1/facts.pb.h"

namespace fenfen {

// In the order of the messages' fields; at most 100.
std::vector<std::pair<std::string, std::string>> FactsText(const ledger::v1::Facts& facts);

}  // namespace fenfen
