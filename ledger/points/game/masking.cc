#include "ledger/points/game/masking.h"

#include "absl/strings/str_cat.h"

namespace fenfen {

std::string MaskedNumber(uint64_t household) {
  std::string number = absl::StrCat(household);
  const size_t shown = number.size() >= 6 ? 2 : number.size() >= 3 ? 1 : 0;
  for (size_t i = shown; i + shown < number.size(); ++i) number[i] = '*';
  return number;
}

}  // namespace fenfen
