// Sentences of the area's entries, for residents: pending drops, their release and rejection, bags.
#pragma once

#include "ledger/points/sentence.h"

namespace fenfen {

// Chinese and English, one sentence each, made from what the journal holds. `reward` and `civic`: what the household got or gave.
Sentence VerificationSentence(TransactionKind kind, const ledger::v1::VerificationFacts& facts, Points reward, Points civic,
                              const Catalogue& catalogue);

}  // namespace fenfen
