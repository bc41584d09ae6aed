// Sentences of the area's entries, for residents: reversals, adjustments, appeals.
#pragma once

#include "ledger/points/sentence.h"

namespace fenfen {

// Chinese and English, one sentence each, made from what the journal holds. `reward` and `civic`: what the household got or gave.
Sentence CorrectingSentence(TransactionKind kind, const ledger::v1::CorrectingFacts& facts, Points reward, Points civic,
                            const Catalogue& catalogue);

}  // namespace fenfen
