#include "ledger/points/keeping/sentences.h"

#include "ledger/points/keeping/expiry.h"

namespace fenfen {

Sentence KeepingSentence(TransactionKind kind, const ledger::v1::KeepingFacts& facts, Points /*reward*/, Points /*civic*/,
                         const Catalogue& catalogue) {
  if (facts.has_expiry()) return ExpirySentence(facts.expiry());
  if (facts.has_membership()) return MembershipSentence(facts.membership());
  if (facts.has_card()) return CardSentence(facts.card());
  if (facts.has_move()) return MoveSentence(facts.move(), catalogue);
  if (facts.has_transfer()) return TransferSentence(kind, facts.transfer().transfer());
  return {};
}

}  // namespace fenfen
