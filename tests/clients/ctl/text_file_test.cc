// The encodings of files from China.
#include "clients/ctl/import/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fenfen::ctl {
namespace {

using testing::HasSubstr;

constexpr absl::string_view kGb18030 = "\xCD\xA8\xD6\xDD\xC7\xF8,\xD0\xA1\xC7\xF8\r\n";  // 通州区,小区

TEST(DecodeText, TakesUtf8WithAndWithoutAMark) {
  EXPECT_EQ(*DecodeText("通州区,1", Encoding::kDetect), "通州区,1");
  EXPECT_EQ(*DecodeText("\xEF\xBB\xBF通州区,1", Encoding::kDetect), "通州区,1");
  EXPECT_EQ(*DecodeText("", Encoding::kDetect), "");
}

TEST(DecodeText, TakesGb18030) {
  EXPECT_EQ(*DecodeText(kGb18030, Encoding::kDetect), "通州区,小区\r\n");
  // A character outside GBK, in four bytes: U+2000A.
  EXPECT_EQ(*DecodeText("\x95\x32\x83\x36", Encoding::kGb18030), "\U0002000A");
}

TEST(DecodeText, ALongFileOfFourByteCharactersFits) {
  std::string bytes, text;
  for (int i = 0; i < 50'000; ++i) bytes += "\x95\x32\x83\x36", text += "\U0002000A";
  EXPECT_TRUE(*DecodeText(bytes, Encoding::kDetect) == text);
}

TEST(DecodeText, WordsThatAreValidInBothAreTakenForGb18030) {
  EXPECT_EQ(*DecodeText("\xC1\xAA\xCD\xA8", Encoding::kDetect), "联通");
  EXPECT_EQ(*DecodeText("\xC1\xAA\xCD\xA8", Encoding::kGb18030), "联通");
  EXPECT_EQ(*DecodeText("阿·明", Encoding::kDetect), "阿·明");
  EXPECT_EQ(*DecodeText("caf\xC3\xA9", Encoding::kUtf8), "caf\u00E9");
}

TEST(DecodeText, NamesTheLineOfAByteThatIsNeither) {
  const auto text = DecodeText("a,b\nc,\xFF\xFF\n", Encoding::kDetect);
  ASSERT_FALSE(text.ok());
  EXPECT_THAT(std::string(text.status().message()), HasSubstr("第 2 行"));
  EXPECT_THAT(std::string(text.status().message()), HasSubstr("line 2 (byte 6)"));
}

TEST(DecodeText, AMarkedFileIsHeldToUtf8) {
  EXPECT_FALSE(DecodeText("\xEF\xBB\xBF" + std::string(kGb18030), Encoding::kDetect).ok());
  EXPECT_FALSE(DecodeText(kGb18030, Encoding::kUtf8).ok());
}

TEST(DecodeText, RefusesUtf16AndBinary) {
  EXPECT_THAT(std::string(DecodeText(absl::string_view("\xFF\xFE"
                                                       "a\0",
                                                       4),
                                     Encoding::kDetect)
                              .status()
                              .message()),
              HasSubstr("CSV UTF-8"));
  EXPECT_THAT(std::string(DecodeText(absl::string_view("a\n\0b", 4), Encoding::kDetect).status().message()), HasSubstr("line 2"));
}

TEST(ReadWholeFile, TellsWhatIsWrongWithAPath) {
  EXPECT_EQ(ReadWholeFile("/nonexistent").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadWholeFile("/tmp").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fenfen::ctl
