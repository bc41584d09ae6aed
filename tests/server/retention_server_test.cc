// A server whose journal is older than its retention: it archives what no start needs, its statements end there and say so, it starts again
// without the archive, and the independent checker proves all of it with the archive, and says what it cannot prove without.
//
// The journal is a real server's, written anew with record times of long ago and in small segments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/verify/verify_journal.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "ledger/journal/file_journal.h"
#include "ledger/journal/posix_file.h"
#include "tests/server/server_fixture.h"

namespace fenfen::server {
namespace {

using testing::HasSubstr;

constexpr int kDrops = 250;
constexpr absl::Duration kAge = absl::Hours(24 * 500);

bool Await(const std::function<bool()>& condition) {
  const absl::Time until = absl::Now() + absl::Seconds(60);
  while (!condition() && absl::Now() < until) absl::SleepFor(absl::Milliseconds(20));
  return condition();
}

class RetentionServerTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.Start()) << server_.Log();
    server_.ImportDistrict();
    for (int n = 0; n < kDrops; ++n) Drop();
    statement_ = Statement().entries;
    ASSERT_GE(statement_.size(), static_cast<size_t>(kDrops));
    ASSERT_EQ(server_.Stop(), 0) << server_.Log();
    ASSERT_NO_FATAL_FAILURE(MakeOld());
    server_.AddConfig(
        "[snapshot]\ninterval = \"100ms\"\ntransactions_min = 1\n[journal]\nuncompressed_segments = 1\nretention_days = 400\n");
  }

  void Drop() {
    v1::RecordDropRequest drop;
    drop.set_household("households/1001");
    drop.set_request_id(server_.NewRequestId());
    drop.set_station("stations/s-a");
    drop.set_category(v1::CATEGORY_FOOD);
    drop.set_weight_grams(1500);
    const std::string token = server_.Token("staff/attendant-a", "ATTENDANT");
    auto reply = server_.Call(&v1::DropService::Stub::RecordDrop, drop, token);
    // Right after a start over small segments the room for more is still being made.
    Await([&] {
      if (!reply.status.ok() && reply.error().retryable) reply = server_.Call(&v1::DropService::Stub::RecordDrop, drop, token);
      return reply.status.ok() || !reply.error().retryable;
    });
    ASSERT_TRUE(reply.status.ok()) << reply.error().ToString();
  }

  // The same entries, in small segments, taken long ago; and no snapshots.
  void MakeOld() {
    PosixFileSystem files;
    const std::string old = absl::StrCat(server_.folder(), "/old");
    const std::string now = absl::StrCat(server_.data_dir(), "/journal");
    {
      const auto reader = JournalReader::Open(files, now, {});
      ASSERT_TRUE(reader.ok()) << reader.status();
      FileJournalOptions options;
      options.directory = old;
      options.transaction_bytes_max = 5u << 10;
      options.segment_bytes = 16u << 10;
      options.uncompressed_segments = 1;
      options.own_threads = false;
      options.new_journal_id = (*reader)->header().journal_id;
      const auto journal = FileJournal::Open(files, options);
      ASSERT_TRUE(journal.ok()) << journal.status();
      while (true) {
        const absl::StatusOr<const Group*> group = (*reader)->Next();
        ASSERT_TRUE(group.ok()) << group.status();
        if (*group == nullptr) break;
        for (const segment::Record& record : (*group)->records) {
          (*journal)->Append({record.partition, record.seq, record.record_time - kAge, std::string(record.bytes)},
                             [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
          (*journal)->RunOnce();
        }
      }
      ASSERT_GE((*journal)->Metrics().segments_compressed, 2u);
    }
    // Those made ahead are too small for what a server promises to take; it makes others.
    const auto written = JournalReader::Open(files, old, {});
    ASSERT_TRUE(written.ok()) << written.status();
    while (*(*written)->Next() != nullptr) continue;
    for (uint32_t number = (*written)->tail().segment + 1; number <= (*written)->tail().last_segment; ++number) {
      std::filesystem::remove(absl::StrCat(old, "/", segment::FileName(number)));
    }
    std::filesystem::remove_all(now);
    std::filesystem::rename(old, now);
    std::filesystem::remove_all(absl::StrCat(server_.data_dir(), "/snapshots"));
  }

  // Starts it over the old journal, and waits until all is archived that may be.
  void StartAndArchive() {
    ASSERT_TRUE(server_.Start()) << server_.Log();
    // What is archived lies within the older of two snapshots, and there is a snapshot only where something happened since the last.
    for (int snapshots = 1; snapshots <= 2; ++snapshots) {
      Drop();
      const std::string path = absl::StrCat(server_.data_dir(), "/snapshots/0000000", snapshots, ".snap");
      ASSERT_TRUE(Await([&] { return std::filesystem::exists(path); })) << server_.Log();
    }
    ASSERT_TRUE(Await([&] { return std::filesystem::exists(InArchive(2)) && !std::filesystem::exists(InJournal(2)); })) << server_.Log();
    EXPECT_TRUE(std::filesystem::exists(InArchive(1)));
    EXPECT_FALSE(std::filesystem::exists(InJournal(1)));
  }
  std::string InArchive(int segment) const { return absl::StrCat(server_.data_dir(), "/archive/0000000", segment, ".seg.zst"); }
  std::string InJournal(int segment) const { return absl::StrCat(server_.data_dir(), "/journal/0000000", segment, ".seg.zst"); }

  struct WholeStatement {
    std::vector<std::string> entries;  // as the server showed them
    std::string zh, en;
  };
  WholeStatement Statement() const {
    WholeStatement statement;
    v1::ListEntriesRequest request;
    request.set_household("households/1001");
    request.set_page_size(100);
    while (true) {
      const auto page = server_.Call(&v1::HouseholdService::Stub::ListEntries, request, server_.Token(kResident, "RESIDENT"));
      EXPECT_TRUE(page.status.ok()) << page.error().ToString();
      for (const v1::Entry& entry : page.reply.entries()) statement.entries.push_back(entry.name());
      if (!page.status.ok() || page.reply.next_page_token().empty()) {
        statement.zh = page.reply.archived_zh();
        statement.en = page.reply.archived_en();
        return statement;
      }
      request.set_page_token(page.reply.next_page_token());
    }
  }
  void ExpectStatementEndsAtTheArchive() const {
    const WholeStatement statement = Statement();
    EXPECT_THAT(statement.zh, HasSubstr("归档"));
    EXPECT_THAT(statement.en, HasSubstr("archive"));
    EXPECT_LT(statement.entries.size(), statement_.size());
    EXPECT_GT(statement.entries.size(), 2u);
    // The oldest entry, and so every archived one, is refused by the name of its file.
    v1::TraceEntryRequest trace;
    trace.set_name(statement_.back());
    const auto reply = server_.Call(&v1::HouseholdService::Stub::TraceEntry, trace, server_.Token("staff/staff-a", "STAFF"));
    EXPECT_EQ(reply.error().reason_name, "ENTRY_ARCHIVED") << reply.error().ToString();
    EXPECT_THAT(reply.error().zh, HasSubstr("00000001.seg.zst"));
  }

  absl::StatusOr<ctl::VerifyReport> Verify(const std::string& archive) const {
    return ctl::VerifyJournal(server_.data_dir() + "/journal",
                              {.live = true, .archive = archive, .snapshots = server_.data_dir() + "/snapshots"});
  }
  // What the tool prints.
  std::string Ctl(const std::string& arguments) const {
    const std::string command = absl::StrCat(std::getenv("FENFEN_BIN"), "/fenfenctl verify ", server_.data_dir(), "/journal ", arguments);
    std::string out;
    FILE* const pipe = popen(command.c_str(), "r");
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out.push_back(static_cast<char>(c));
    return pclose(pipe) == 0 ? out : absl::StrCat("failed: ", out);
  }

  TestServer server_;
  std::vector<std::string> statement_;  // before anything was archived
};

TEST_F(RetentionServerTest, StatementsCheckerAndStarts) {
  ASSERT_NO_FATAL_FAILURE(StartAndArchive());
  ExpectStatementEndsAtTheArchive();
  const std::string archive = server_.data_dir() + "/archive";
  for (const bool with_archive : {true, false}) {
    const absl::StatusOr<ctl::VerifyReport> report = Verify(with_archive ? archive : "");
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->findings_total, 0u) << report->findings[0].what;
    EXPECT_EQ(report->whole, with_archive);
    EXPECT_GT(report->first_segment, 2u);
    EXPECT_EQ(report->households, 3u);
  }
  EXPECT_THAT(Ctl("--archive " + archive), HasSubstr("are archived and were checked too"));
  EXPECT_THAT(Ctl(""), testing::AllOf(HasSubstr("未能证明"), HasSubstr("Not proved"), HasSubstr("everything holds")));

  // It goes on without the archive, killed or stopped.
  const std::string before = server_.Digests();
  server_.Kill();
  std::filesystem::rename(archive, archive + ".away");
  ASSERT_TRUE(server_.Start()) << server_.Log();
  EXPECT_EQ(server_.Digests(), before);
  EXPECT_THAT(Statement().zh, HasSubstr("归档"));
  Drop();
  ASSERT_EQ(server_.Stop(), 0) << server_.Log();
  // It may have begun another one meanwhile.
  std::filesystem::create_directory(archive);
  for (const auto& file : std::filesystem::directory_iterator(archive + ".away")) {
    std::filesystem::rename(file.path(), archive + "/" + file.path().filename().string());
  }

  // Without any snapshot a start needs the archive, and says so; with the segments back it is the whole journal.
  std::filesystem::remove_all(server_.data_dir() + "/snapshots");
  EXPECT_FALSE(server_.Start());
  EXPECT_THAT(server_.Log(), testing::AllOf(HasSubstr("is archived in " + archive), HasSubstr("or a newer one is needed")));
  for (const auto& file : std::filesystem::directory_iterator(archive)) {
    if (file.path().filename() == "LOCK") continue;
    std::filesystem::copy(file.path(), server_.data_dir() + "/journal/" + file.path().filename().string());
  }
  std::filesystem::remove(server_.data_dir() + "/journal/BEGINNING");
  ASSERT_TRUE(server_.Start()) << server_.Log();
  const WholeStatement whole = Statement();
  EXPECT_EQ(whole.zh, "");
  EXPECT_EQ(whole.entries.size(), statement_.size() + 3);
}

}  // namespace
}  // namespace fenfen::server
