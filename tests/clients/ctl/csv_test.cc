// CSV as Excel writes it, and where its errors are reported.
#include "clients/ctl/import/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fenfen::ctl {
namespace {

using testing::ElementsAre;

std::vector<CsvRecord> ReadAll(absl::string_view text, std::vector<CsvError>* errors = nullptr) {
  CsvReader reader(text);
  std::vector<CsvRecord> records;
  CsvRecord record;
  while (reader.Next(&record)) records.push_back(record);
  if (errors != nullptr)
    *errors = reader.errors();
  else
    EXPECT_TRUE(reader.errors().empty()) << reader.errors()[0].en;
  return records;
}

TEST(Csv, LinesEndAsAnyExcelEndsThem) {
  for (const char* text : {"a,b\r\nc,d\r\n", "a,b\nc,d\n", "a,b\rc,d\r", "a,b\r\nc,d"}) {
    const auto records = ReadAll(text);
    ASSERT_EQ(records.size(), 2u) << text;
    EXPECT_THAT(records[0].fields, ElementsAre("a", "b"));
    EXPECT_THAT(records[1].fields, ElementsAre("c", "d"));
    EXPECT_EQ(records[1].line, 2);
  }
}

TEST(Csv, QuotedFieldsHoldAnything) {
  const auto records = ReadAll("\"a,\"\"b\"\"\r\nc\",d\r\nnext,\"\"\r\n");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_THAT(records[0].fields, ElementsAre("a,\"b\"\r\nc", "d"));
  EXPECT_THAT(records[1].fields, ElementsAre("next", ""));
  EXPECT_EQ(records[1].line, 3);  // the first record has two lines
}

TEST(Csv, AQuoteInsideAFieldIsAnOrdinaryCharacter) { EXPECT_THAT(ReadAll("5\" pipe,x")[0].fields, ElementsAre("5\" pipe", "x")); }

TEST(Csv, EmptyFieldsCountAndEmptyRowsDoNot) {
  const auto records = ReadAll("a,,b\r\n,,\r\n\r\n,c,\r\n");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_THAT(records[0].fields, ElementsAre("a", "", "b"));
  EXPECT_THAT(records[1].fields, ElementsAre("", "c", ""));
  EXPECT_EQ(records[1].line, 4);
}

TEST(Csv, AnUnclosedQuoteIsReportedWhereItOpens) {
  std::vector<CsvError> errors;
  const auto records = ReadAll("a,b\nc,\"d\ne,f\n", &errors);
  EXPECT_EQ(records.size(), 1u);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].line, 2);
  EXPECT_EQ(errors[0].column, 2);
}

TEST(Csv, TextBehindAClosingQuoteIsReportedAndTheNextLineIsRead) {
  std::vector<CsvError> errors;
  const auto records = ReadAll("\"a\"b,c\nd,e\n", &errors);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_THAT(records[0].fields, ElementsAre("d", "e"));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].line, 1);
  EXPECT_EQ(errors[0].column, 1);
}

TEST(Csv, FieldsAndRowsHaveLimits) {
  std::vector<CsvError> errors;
  ReadAll(
      "a," + std::string(kCsvFieldBytesMax + 1, 'x') + "\n" + std::string(kCsvFieldsMax, ',') + "\n\"" + std::string(10'000, 'y') + "\"",
      &errors);
  ASSERT_EQ(errors.size(), 3u);
  EXPECT_EQ(errors[0].column, 2);
  EXPECT_EQ(errors[1].line, 2);
  EXPECT_EQ(errors[2].line, 3);
}

TEST(Csv, WhatIsWrittenIsReadBack) {
  for (const char* value : {"plain", "a,b", "say \"hi\"", "two\nlines", "", "三里屯"}) {
    EXPECT_THAT(ReadAll("x," + CsvField(value) + "\n")[0].fields, ElementsAre("x", value));
  }
}

}  // namespace
}  // namespace fenfen::ctl
