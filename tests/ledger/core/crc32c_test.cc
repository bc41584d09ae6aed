// CRC32C against the vectors of RFC 3720.
#include "ledger/core/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace fenfen {
namespace {

// RFC 3720, B.4.
TEST(Crc32cTest, VectorsOfTheRfc) {
  std::string rising, falling;
  for (int i = 0; i < 32; ++i) rising.push_back(static_cast<char>(i));
  for (int i = 31; i >= 0; --i) falling.push_back(static_cast<char>(i));
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(Crc32c(rising), 0x46dd794eu);
  EXPECT_EQ(Crc32c(falling), 0x113fdb5cu);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
}

TEST(Crc32cTest, ContinuesFromWhatStoodBefore) {
  const std::string text = "a longer text, so that the vectorised code and its tail both have something to do, and then some more of it";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(Crc32c(absl::string_view(text).substr(cut), Crc32c(absl::string_view(text).substr(0, cut))), Crc32c(text));
  }
}

}  // namespace
}  // namespace fenfen
