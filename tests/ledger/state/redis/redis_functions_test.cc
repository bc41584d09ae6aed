// What goes into a call of the library and what comes out of it: the packed list as Redis reads it, verdicts, and calls of other versions.
#include "ledger/state/redis/redis_functions.h"

#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ledger/state/redis/packed_list.h"
#include "tests/ledger/state/redis/redis_fixture.h"

namespace fenfen {
namespace {

// A reply as it comes over the wire.
RedisReply ReplyOf(const std::string& wire) {
  const std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader(redisReaderCreate(), redisReaderFree);
  redisReaderFeed(reader.get(), wire.data(), wire.size());
  void* reply = nullptr;
  EXPECT_EQ(redisReaderGetReply(reader.get(), &reply), REDIS_OK);
  return RedisReply(static_cast<redisReply*>(reply));
}

std::string Kinds(const absl::StatusOr<std::vector<Verdict>>& verdicts) {
  if (!verdicts.ok()) return std::string(verdicts.status().message());
  std::string text;
  for (const Verdict& verdict : *verdicts)
    absl::StrAppend(&text, std::string(1, static_cast<char>(verdict.kind)), verdict.seq.value(), " ");
  return text;
}

TEST(PackedList, Bytes) {
  PackedList list;
  EXPECT_TRUE(list.empty());
  list.Text("2/1/7").Number(0).Number(-80).Number(1'000).Text(std::string(32, 'x')).Text("");
  EXPECT_EQ(absl::BytesToHexString(std::move(list).Finish()),
            absl::StrCat("dd00000006", "a5322f312f37", "00", "d3ffffffffffffffb0", "ce000003e8", "da0020",
                         absl::BytesToHexString(std::string(32, 'x')), "a0"));
}

TEST(PackedList, RedisReadsWhatWasWritten) {
  RedisServer server;
  constexpr int64_t kMax = (int64_t{1} << 53) - 1;
  PackedList list;
  std::string expected;
  for (const int64_t number :
       {int64_t{0}, int64_t{127}, int64_t{128}, int64_t{0xffff'ffff}, int64_t{0x1'0000'0000}, kMax, int64_t{-1}, -kMax}) {
    list.Number(number);
    absl::StrAppend(&expected, number, " ");
  }
  for (const size_t size : {0, 1, 31, 32, 255, 256, 65'535, 65'536, 200'000}) {
    list.Text(std::string(size, '\xff'));
    absl::StrAppend(&expected, "text of ", size, " ");
  }
  EXPECT_EQ(server.Type({"EVAL",
                         "local out = '' for _, item in ipairs(cmsgpack.unpack(ARGV[1])) do "
                         "out = out .. (type(item) == 'number' and string.format('%d', item) or 'text of ' .. #item) .. ' ' end return out",
                         "0", std::move(list).Finish()}),
            expected);
}

TEST(Verdicts, AreReadAndNothingElseIs) {
  EXPECT_EQ(Kinds(ParseVerdicts(ReplyOf("*2\r\n:7\r\n$0\r\n\r\n").value())), "");
  EXPECT_EQ(Kinds(ParseVerdicts(ReplyOf("*4\r\n:7\r\n$8\r\nCSRCSOFV\r\n:3\r\n:5\r\n").value())), "C8 S3 R0 C9 S5 O0 F0 V0 ");
  for (const char* bad :
       {":1\r\n", "*0\r\n", "*1\r\n:1\r\n", "*2\r\n$1\r\nC\r\n$1\r\nC\r\n", "*2\r\n:1\r\n$1\r\nX\r\n", "*2\r\n:1\r\n$1\r\nS\r\n"}) {
    EXPECT_FALSE(ParseVerdicts(ReplyOf(bad).value()).ok()) << bad;
  }
}

// A server of version 2 that was not stopped before the library was replaced: its calls were not packed.
TEST(LibraryVersions, ACallOfVersion2IsRefusedAndChangesNothing) {
  RedisServer server;
  MemoryTail tail;
  RedisLedger ledger(server.OverUnixSocket(), tail);
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  ASSERT_TRUE(ledger.Execute(RedisLedger::Move({1, 1}, 2, 10)).ok());
  const PartitionKeys keys("demo", RedisLedger::kPartition);
  const auto meta = [&](const std::string& field) { return server.Type({"HGET", keys.Book(0), field}); };
  const std::string opening = FenceToken{1, 0, meta("replid"), meta("opening"), PartitionSeq(0)}.Opening();
  for (const char* function : {"fenfen_commit", "fenfen_load"}) {
    RedisCommand older{"FCALL", function, "5"};
    for (int book = 0; book < PartitionKeys::kBooks; ++book) older.push_back(keys.Book(book));
    const std::vector<std::string> rest = std::string(function) == "fenfen_commit"
                                              ? std::vector<std::string>{"1", opening, "0", "0", "1", "key", "fp", "", "0", "0", ""}
                                              : std::vector<std::string>{"1", opening, "1", "1/2", "0", "0"};
    older.insert(older.end(), rest.begin(), rest.end());
    EXPECT_EQ(server.Type(older).substr(0, 7), "FOREIGN") << function;
  }
  EXPECT_EQ(meta("seq"), "1");
  ledger.ExpectWhole();
}

}  // namespace
}  // namespace fenfen
