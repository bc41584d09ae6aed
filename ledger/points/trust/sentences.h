// Sentences of the area's entries, for residents, and of its signals, for staff.
#pragma once

#include "ledger/points/sentence.h"

namespace fenfen {

// Chinese and English, one sentence each, made from what the journal holds. `reward` and `civic`: what the household got or gave.
Sentence TrustSentence(TransactionKind kind, const ledger::v1::TrustFacts& facts, Points reward, Points civic, const Catalogue& catalogue);

// What a signal saw, for whoever looks into it, with today's names of stations and staff.
Sentence EvidenceSentence(const ledger::v1::RiskEvidence& evidence, const Catalogue& catalogue);

}  // namespace fenfen
