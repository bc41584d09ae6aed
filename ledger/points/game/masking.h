// What others see of a household on a board. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace fenfen {

// "10000001" → "10****01"; of a short number the first and last digit stay, of one below three digits none.
std::string MaskedNumber(uint64_t household);

}  // namespace fenfen
