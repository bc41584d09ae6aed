// The sentence that tells a resident why, in Chinese and English.
#pragma once

#include <string>

#include "ledger/points/catalogue.h"
#include "ledger/points/why.h"

namespace fenfen {

struct Sentence {
  std::string zh;
  std::string en;
};

// From the facts alone; the catalogue gives the wording of the rule version that decided, and today's names. `reward` and `civic` are what
// the transaction changed for the household.
Sentence SentenceFor(TransactionKind kind, const Why& why, Points reward, Points civic, const Catalogue& catalogue);

// The category's name for people: "厨余垃圾", "food waste".
Sentence CategoryName(int category);

}  // namespace fenfen
