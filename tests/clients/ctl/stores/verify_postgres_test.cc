// The checker over a journal in PostgreSQL: it finds what somebody with all rights has edited, in whichever table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "clients/ctl/stores/held_journal.h"
#include "clients/ctl/verify/postgres_entries.h"
#include "ledger/state/memory_state.h"
#include "tests/clients/ctl/stores/busy_day.h"
#include "tests/ledger/journal/postgres/postgres_server.h"

namespace fenfen::ctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class VerifyPostgres : public testing::Test {
 protected:
  static void SetUpTestSuite() { postgres_ = new PostgresServer; }
  static void TearDownTestSuite() { delete postgres_; }

  // A day in a new database; what the server says of its state.
  VerifyPostgres() : database_(postgres_->NewDatabase()) {
    char name[] = "/tmp/fenfen-verify-XXXXXX";
    folder_ = mkdtemp(name);
    server::Config config;
    config.data_dir = folder_;
    config.journal.store = "postgres";
    config.stores.postgres.connection = Conninfo();
    const auto held = HeldJournal::Open(config, {.make_with_id = 7});
    EXPECT_TRUE(held.ok()) << held.status();
    MemoryState state;
    BusyDay::Server server(state, (*held)->journal(), day_);
    server.Begin();
    server.Enrol(60);
    server.Drop(400);
    for (uint16_t p = 0; p < kPartitions; ++p) {
      const auto digest = state.DigestOf(PartitionId(p));
      claims_.push_back({PartitionId(p), digest->seq, digest->sha256});
    }
  }
  ~VerifyPostgres() override { std::filesystem::remove_all(folder_); }

  std::string Conninfo() const { return postgres_->Conninfo(database_); }
  VerifyReport Verify() {
    const auto entries = PostgresEntries::Open(Conninfo());
    EXPECT_TRUE(entries.ok()) << entries.status();
    const absl::StatusOr<VerifyReport> report = VerifyEntries(**entries, {.balances = true, .digests = claims_});
    EXPECT_TRUE(report.ok()) << report.status();
    return *report;
  }
  std::vector<std::string> Findings() {
    std::vector<std::string> sentences;
    for (const Finding& finding : Verify().findings) sentences.push_back(finding.what);
    return sentences;
  }
  // As the owner of everything, with the triggers switched off.
  void Edit(const std::string& statement) { postgres_->Run(database_, {"SET session_replication_role = replica", statement}); }

  static PostgresServer* postgres_;
  const std::string database_;
  std::string folder_;
  BusyDay day_;
  std::vector<ClaimedDigest> claims_;
};

PostgresServer* VerifyPostgres::postgres_ = nullptr;

// One household's drop: the partition's second entry.
constexpr char kWhere[] =
    " WHERE (partition, sequence) = (SELECT partition, sequence FROM fenfen.entries WHERE kind = 3 ORDER BY 1, 2 LIMIT 1)";

TEST_F(VerifyPostgres, AJournalThatHolds) {
  const VerifyReport report = Verify();
  EXPECT_EQ(report.findings_total, 0u);
  EXPECT_EQ(report.digests_equal, size_t{kPartitions});
  EXPECT_EQ(report.transactions, 461u);
  EXPECT_EQ(report.balances.size(), 60u);
  EXPECT_EQ(report.reward.Sum(), 0);
}

TEST_F(VerifyPostgres, AnEditedPosting) {
  Edit(absl::StrCat("UPDATE fenfen.postings SET amount = amount + 1", kWhere, " AND account_kind = 2 AND asset = 1"));
  EXPECT_THAT(Findings(), ElementsAre(HasSubstr("the rows of postings")));
}

TEST_F(VerifyPostgres, AnEditedColumn) {
  Edit(absl::StrCat("UPDATE fenfen.entries SET actor_id = 7", kWhere));
  EXPECT_THAT(Findings(), ElementsAre(HasSubstr("the entry's columns")));
}

TEST_F(VerifyPostgres, EditedBytes) {
  Edit(absl::StrCat("UPDATE fenfen.entries SET bytes = set_byte(bytes, length(bytes) - 1, 255 - get_byte(bytes, length(bytes) - 1))",
                    kWhere));
  EXPECT_THAT(Findings(), Contains(HasSubstr("checksum")));
}

TEST_F(VerifyPostgres, AnEntryTakenAway) {
  Edit(absl::StrCat("DELETE FROM fenfen.entries", kWhere));
  EXPECT_THAT(Findings(), Contains(HasSubstr("there are")));
}

TEST_F(VerifyPostgres, AnEntryTakenOutOfTheIndexAndOneBeyondTheHead) {
  Edit(absl::StrCat("DELETE FROM fenfen.entry_index", kWhere));
  Edit("UPDATE fenfen.heads SET sequence = sequence - 1 WHERE partition = 256");
  const std::vector<std::string> findings = Findings();
  EXPECT_THAT(findings, Contains(HasSubstr("entry_index is not")));
  EXPECT_THAT(findings, Contains(HasSubstr("beyond the partition's head")));
}

TEST_F(VerifyPostgres, WhatAServerClaimsWronglyIsFound) {
  claims_[5].sha256[0] ^= 1;
  claims_[6].where = ClaimedDigest::kRedis;
  claims_[7] = {PartitionId(7), PartitionSeq(1'000'000), std::string(32, 'x'), ClaimedDigest::kRedis};
  const VerifyReport report = Verify();
  EXPECT_EQ(report.findings_total, 1u);
  EXPECT_EQ(report.digests_equal, kPartitions - 3u);
  EXPECT_EQ(report.redis_digests_equal, 1u);
  EXPECT_EQ(report.redis_ahead, 1u);
}

TEST_F(VerifyPostgres, WhereThereIsNoJournal) {
  EXPECT_EQ(PostgresEntries::Open(postgres_->Conninfo(postgres_->NewDatabase())).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(PostgresEntries::Open(absl::StrCat("host=", folder_, " dbname=none")).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace fenfen::ctl
