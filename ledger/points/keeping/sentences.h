// Sentences of the area's entries, for residents: expiry, members, cards, moves, what goes between two households.
#pragma once

#include "ledger/points/sentence.h"

namespace fenfen {

// Chinese and English, one sentence each, made from what the journal holds. `reward` and `civic`: what the household got or gave.
Sentence KeepingSentence(TransactionKind kind, const ledger::v1::KeepingFacts& facts, Points reward, Points civic,
                         const Catalogue& catalogue);

Sentence MembershipSentence(const ledger::v1::MembershipFacts& facts);
Sentence CardSentence(const ledger::v1::CardFacts& facts);
Sentence MoveSentence(const ledger::v1::MoveFacts& facts, const Catalogue& catalogue);
// Of the transfer as the transaction of this kind left it.
Sentence TransferSentence(TransactionKind kind, const ledger::v1::Transfer& transfer);

}  // namespace fenfen
