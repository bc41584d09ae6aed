// What lies in Redis, byte for byte: the example of docs/formats/redis.md.
#include <tuple>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/ledger/state/redis/redis_fixture.h"

namespace fenfen {
namespace {

// The value of a field, in hexadecimal digits.
std::string Hex(const RedisServer& server, const std::string& key, const std::string& field) {
  return absl::BytesToHexString(server.Type({"HGET", key, field}));
}

TEST(RedisFormat, TheExample) {
  RedisServer server;
  MemoryTail tail(5);
  RedisLedger ledger(server.OverUnixSocket(), tail);
  const RequestKey client = KeyAt(absl::FromUnixSeconds(1'800'000'000), 1), device = DeviceEventKey(CatalogueId(100), 7);
  // Not journaled, so the outbox keeps them.
  for (const auto& [key, amount, bytes] : {std::tuple(client, 50, "a"), std::tuple(device, 30, "b")}) {
    std::vector<State::Work> works;
    works.push_back(RedisLedger::Move(key, 2, amount, bytes));
    absl::Notification done;
    ledger.state().Execute(RedisLedger::kPartition, std::move(works), [&](std::vector<absl::StatusOr<ExecuteResult>> results) {
      EXPECT_TRUE(results.front().ok());
      done.Notify();
    });
    done.WaitForNotification();
  }
  const auto get = [&](const std::string& book, const std::string& field) {
    return server.Type({"HGET", "fenfen:{demo.3}:" + book, field});
  };
  EXPECT_EQ(server.Type({"HMGET", "fenfen:{demo.3}:meta", "format", "journal", "term", "seq", "settled", "day"}), "1 5 0 2 0 20833");
  EXPECT_EQ(get("meta", "replid").size(), 40u);
  EXPECT_EQ(get("meta", "opening").size(), 16u);
  EXPECT_EQ(get("accounts", "1/1/1"), "-80");
  EXPECT_EQ(get("accounts", "2/1/2"), "80");
  EXPECT_EQ(get("records", "1/2"), "2 b");
  EXPECT_EQ(get("requests:12", "day"), "20833");
  EXPECT_EQ(Hex(server, "fenfen:{demo.3}:requests:12", absl::HexStringToBytes("01a3185c500070008000000000000001")), "0000000100000001");
  EXPECT_EQ(Hex(server, "fenfen:{demo.3}:devices", absl::HexStringToBytes("0000000000000064")),
            "c000000000000000c0000000000000070000000100000002");
  for (const char* book : {"records", "accounts", "devices", "outbox"}) EXPECT_EQ(get(book, "format"), "1") << book;
  const auto second = DecodeTransaction(get("outbox", "2"));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->key, device);
  EXPECT_EQ(server.Type({"KEYS", "fenfen:{demo.3}:*"}).size(), server.Type({"KEYS", "fenfen:{demo.4}:*"}).size())
      << "a partition's keys are there from its beginning";
}

TEST(RedisFormat, APartitionsKeysLieInTheSlotOfItsTag) {
  RedisServer server({"cluster-enabled yes"});
  for (const char* deployment : {"demo", "a", "town-17"}) {
    for (uint16_t p = 0; p < kPartitions; p = static_cast<uint16_t>(p + 16)) {
      const PartitionKeys keys(deployment, PartitionId(p));
      for (int book = 0; book < PartitionKeys::kBooks; ++book) {
        EXPECT_EQ(server.Type({"CLUSTER", "KEYSLOT", keys.Book(book)}), absl::StrCat(keys.slot()));
      }
      EXPECT_EQ(server.Type({"CLUSTER", "KEYSLOT", keys.Day(46)}), absl::StrCat(keys.slot()));
    }
  }
}

TEST(RedisFormat, FieldsAreReadBackAndNothingElseIs) {
  const RecordKey record{RecordKind::kVoucher, ~uint64_t{0}};
  EXPECT_EQ(RecordField(record), "2/18446744073709551615");
  EXPECT_EQ(ParseRecordField(RecordField(record)), record);
  const AccountId account{AccountKind::kMerchant, Asset::kCivic, 7};
  EXPECT_EQ(ParseAccountField(AccountField(account)), account);
  for (const char* bad : {"", "format", "1", "1/2/3", "1/x", "256/1", "1/18446744073709551616"})
    EXPECT_EQ(ParseRecordField(bad), std::nullopt) << bad;
  for (const char* bad : {"", "format", "1/2", "1/2/3/4", "-1/2/3"}) EXPECT_EQ(ParseAccountField(bad), std::nullopt) << bad;
  for (const char* bad : {"", "7", "x b", " b"}) EXPECT_FALSE(ParseRecordValue(bad)) << bad;
  EXPECT_EQ(ParseRecordValue("7 ")->bytes, "");
  EXPECT_FALSE(IsDeploymentName("a{b"));
  EXPECT_FALSE(IsDeploymentName(""));
  EXPECT_FALSE(IsDeploymentName(std::string(33, 'a')));
}

}  // namespace
}  // namespace fenfen
