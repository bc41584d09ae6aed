// Imports against a server in this process that keeps what it is sent and answers as told.
#include "clients/ctl/import/import_file.h"

#include <gmock/gmock.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"

namespace fenfen::ctl {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class FakeHouseholds : public v1::HouseholdService::Service {
 public:
  grpc::Status ImportHouseholds(grpc::ServerContext*, grpc::ServerReader<v1::ImportHouseholdsRequest>* reader,
                                v1::ImportHouseholdsResponse* reply) override {
    v1::ImportHouseholdsRequest message;
    bool first = true;
    rows = 0;
    while (reader->Read(&message)) {
      if (first) request_ids.push_back(message.request_id());
      if (first) validate_only = message.validate_only();
      first = false;
      rows += message.rows_size();
      rows_per_message = std::max(rows_per_message, message.rows_size());
    }
    if (lost_replies-- > 0) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut");
    *reply = answer;
    reply->set_created(rows);
    return grpc::Status::OK;
  }
  std::vector<std::string> request_ids;
  bool validate_only = false;
  int rows = 0, rows_per_message = 0, lost_replies = 0;
  v1::ImportHouseholdsResponse answer;
};

class FakeCatalogue : public v1::CatalogueService::Service {
 public:
  grpc::Status UpdateCatalogue(grpc::ServerContext*, const v1::UpdateCatalogueRequest* request,
                               v1::UpdateCatalogueResponse* reply) override {
    last = *request;
    *reply = answer;
    return grpc::Status::OK;
  }
  v1::UpdateCatalogueRequest last;
  v1::UpdateCatalogueResponse answer;
};

class ImportFile : public testing::Test {
 protected:
  ImportFile() {
    char name[] = "/tmp/fenfen-import-XXXXXX";
    folder_ = mkdtemp(name);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&households_);
    builder.RegisterService(&catalogue_);
    server_ = builder.BuildAndStart();
    client::ClientOptions options;
    options.target = absl::StrCat("127.0.0.1:", port);
    options.sleep = [](absl::Duration) {};
    options.retry.attempts_max = 2;
    client_ = *client::Client::Connect(std::move(options));
  }
  ~ImportFile() override { std::filesystem::remove_all(folder_); }
  std::string Write(const std::string& text) {
    const std::string path = folder_ + "/file.csv";
    std::ofstream(path) << text;
    return path;
  }
  absl::StatusOr<ImportOutcome> Import(ImportKind kind, const std::string& path, ImportOptions options = {}) {
    return ImportCsvFile(client_.get(), client::RequestIds::FromSystem(), kind, path, options);
  }

  std::string folder_;
  FakeHouseholds households_;
  FakeCatalogue catalogue_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<client::Client> client_;
};

constexpr char kThree[] = "户号,小区编码,人数\n\n1,R1,1\n2,R1,1\n3,R2,1\n";

TEST_F(ImportFile, SendsEveryRowInMessagesOfBoundedSize) {
  std::string text = "户号,小区编码,人数\n";
  for (int i = 1; i <= 2'500; ++i) absl::StrAppend(&text, i, ",R1,1\n");
  const auto outcome = Import(ImportKind::kHouseholds, Write(text));
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->written, 2'500);
  EXPECT_LE(households_.rows_per_message, 1'000);
}

TEST_F(ImportFile, NothingIsSentWhereARowIsBad) {
  const auto outcome = Import(ImportKind::kHouseholds, Write("户号,小区编码,人数\n1,R1,1\nx,R1,1\n"));
  ASSERT_TRUE(outcome.ok());
  EXPECT_THAT(outcome->faults, SizeIs(1));
  EXPECT_THAT(households_.request_ids, SizeIs(0));
}

TEST_F(ImportFile, TheServersRowErrorsLeadBackToLineAndColumn) {
  v1::RowError* error = households_.answer.add_errors();
  error->set_row(3);
  error->set_field("region");
  error->set_zh("没有这个区域");
  error->set_en("No such region");
  const auto outcome = Import(ImportKind::kHouseholds, Write(kThree));
  ASSERT_THAT(outcome->faults, SizeIs(1));
  EXPECT_EQ(outcome->faults[0].line, 5);  // one empty line above
  EXPECT_EQ(outcome->faults[0].column, 2);
  EXPECT_EQ(outcome->faults[0].column_name, "小区编码");
}

TEST_F(ImportFile, TheCatalogueErrorsNameTheirList) {
  v1::RowError* error = catalogue_.answer.add_errors();
  error->set_row(1);
  error->set_field("stations.region");
  const auto outcome = Import(ImportKind::kStations, Write("站点编号,名称,小区编码\nS1,x,R9\n"));
  ASSERT_THAT(outcome->faults, SizeIs(1));
  EXPECT_EQ(outcome->faults[0].column, 3);
}

TEST_F(ImportFile, AfterALostReplyTheSameFileGoesOutWithTheSameId) {
  const std::string path = Write(kThree);
  households_.lost_replies = 2;
  EXPECT_FALSE(Import(ImportKind::kHouseholds, path).ok());
  EXPECT_TRUE(std::filesystem::exists(path + ".import"));
  EXPECT_TRUE(Import(ImportKind::kHouseholds, path).ok());
  ASSERT_THAT(households_.request_ids, SizeIs(3));
  EXPECT_EQ(households_.request_ids[0], households_.request_ids[2]);
  EXPECT_FALSE(std::filesystem::exists(path + ".import"));
}

TEST_F(ImportFile, AfterALostReplyAnotherContentGetsAnotherId) {
  households_.lost_replies = 2;
  EXPECT_FALSE(Import(ImportKind::kHouseholds, Write(kThree)).ok());
  EXPECT_TRUE(Import(ImportKind::kHouseholds, Write("户号,小区编码,人数\n1,R1,1\n")).ok());
  EXPECT_NE(households_.request_ids[0], households_.request_ids[2]);
}

TEST_F(ImportFile, ADryRunSaysSoToTheServer) {
  ImportOptions options;
  options.dry_run = true;
  ASSERT_TRUE(Import(ImportKind::kHouseholds, Write(kThree), options).ok());
  EXPECT_TRUE(households_.validate_only);
}

TEST_F(ImportFile, RulesComeFromJson) {
  const std::string path = Write(R"({"version": 1, "rules": [{"id": "food", "category": "CATEGORY_FOOD", "reward_per_kg": 200}]})");
  ASSERT_TRUE(ImportRulesFile(client_.get(), client::RequestIds::FromSystem(), path, {}).ok());
  EXPECT_EQ(catalogue_.last.rule_set().rules(0).reward_per_kg(), 200);
  const auto broken = ImportRulesFile(client_.get(), client::RequestIds::FromSystem(), Write(R"({"versoin": 1})"), {});
  EXPECT_THAT(std::string(broken.status().message()), HasSubstr("versoin"));
}

}  // namespace
}  // namespace fenfen::ctl
