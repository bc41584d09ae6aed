// Sentences of the area's entries, for residents: choices, streaks' freezes, teams, boards.
#pragma once

#include "ledger/points/sentence.h"

namespace fenfen {

// Chinese and English, one sentence each, made from what the journal holds. `reward` and `civic`: what the household got or gave.
Sentence GameSentence(TransactionKind kind, const ledger::v1::GameFacts& facts, Points reward, Points civic, const Catalogue& catalogue);

}  // namespace fenfen
