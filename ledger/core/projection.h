// Projection: something computed from the journal, afterwards, and thrown away at will: the catalogue, look-ups, boards.
#pragma once

#include "ledger/core/transaction.h"

namespace fenfen {

class Projection {
 public:
  virtual ~Projection() = default;
  // Takes one durable transaction; each partition's come in sequence order, once. Called on the journal's thread or during replay: short,
  // no blocking. Readers of a projection may run at the same time, so it guards itself.
  virtual void Apply(const CommittedTransaction& committed) = 0;
};

}  // namespace fenfen
