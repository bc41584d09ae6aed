// What is wrong with rules of the game, as "field/row".
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "ledger/points/game/game_rules.h"

namespace fenfen {

inline std::vector<std::string> FaultsOf(const v1::GameRules& rules) {
  std::vector<std::string> faults;
  CheckGameRules(rules, [&](absl::string_view field, int row, absl::string_view zh, absl::string_view en) {
    EXPECT_FALSE(zh.empty() || en.empty());
    faults.push_back(std::string(field) + "/" + std::to_string(row));
  });
  return faults;
}

}  // namespace fenfen
