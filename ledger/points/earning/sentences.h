// The sentence of a drop: what it earned and how, which cap cut it, and what would have earned more.
#pragma once

#include "ledger/points/sentence.h"

namespace fenfen {

// From what the journal holds; the wording of rules and caps is that of the version that decided. `reward` and `civic`: what the household
// got or gave.
Sentence DropSentence(const DropWhy& why, Points reward, Points civic, const Catalogue& catalogue);

// Grams as kilograms, without trailing zeros: 800 → "0.8", 1250 → "1.25".
std::string Kilograms(int64_t grams);

}  // namespace fenfen
