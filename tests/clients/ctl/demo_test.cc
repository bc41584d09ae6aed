// The demo district: the same for the same seed, of the size and mix of the load model, and good to import.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "clients/ctl/demo/cast.h"
#include "clients/ctl/demo/child.h"
#include "clients/ctl/demo/day.h"
#include "clients/ctl/demo/demo_command.h"
#include "clients/ctl/demo/district.h"
#include "clients/ctl/demo/district_files.h"
#include "clients/ctl/demo/port.h"
#include "clients/ctl/demo/progress_bar.h"
#include "clients/ctl/demo/workspace.h"
#include "clients/ctl/import/rows.h"
#include "clients/ctl/import/text_file.h"

namespace fenfen::ctl {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(District, HasTheSizeOfTheLoadModel) {
  const District district = *MakeDistrict({});
  EXPECT_EQ(district.estates.size(), 110u);
  EXPECT_EQ(district.stations.size(), 550u);
  EXPECT_EQ(district.households.size(), 60'000u);
  EXPECT_EQ(district.offers.size(), 30u);
  EXPECT_EQ(district.merchants.size(), 40u);
  const auto cards =
      std::count_if(district.households.begin(), district.households.end(), [](const auto& household) { return !household.card.empty(); });
  EXPECT_NEAR(static_cast<double>(cards), 18'000, 500);
  int64_t people = 0;
  for (const DemoHousehold& household : district.households) people += household.members;
  EXPECT_NEAR(static_cast<double>(people) / 60'000, 2.31, 0.05);
  for (const auto& stations : district.stations_of_estate) EXPECT_EQ(stations.size(), 5u);
}

TEST(District, HasNoDoorTwiceInAnEstate) {
  const District district = *MakeDistrict(SmallPlan());
  std::set<std::string> doors;
  for (const DemoHousehold& household : district.households) {
    EXPECT_TRUE(doors.insert(absl::StrCat(household.estate, "/", household.door)).second) << household.door;
  }
}

TEST(District, PeopleToSignInBelongTogether) {
  const District district = *MakeDistrict({});
  std::set<std::string> openids;
  for (const DemoPerson& person : district.people) openids.insert(person.openid);
  EXPECT_THAT(openids, testing::IsSupersetOf({"demo-resident-1", "demo-resident-6", "demo-merchant-3", "demo-staff-2", "demo-attendant-1",
                                              "demo-auditor-1"}));
  EXPECT_THAT(district.households[district.rich_household].openids, testing::ElementsAre("demo-resident-1", "demo-resident-2"));
  // The cheapest offer is the first merchant's, whose operator can be signed in as.
  const auto cheapest =
      std::min_element(district.offers.begin(), district.offers.end(), [](const auto& a, const auto& b) { return a.points < b.points; });
  EXPECT_EQ(cheapest->merchant, district.merchants[0].id);
  EXPECT_EQ(district.merchants[0].openid, "demo-merchant-1");
}

TEST(District, RefusesASizeThatMakesNoSense) {
  EXPECT_FALSE(MakeDistrict({.households = 5, .estates = 10, .stations = 20}).ok());
  EXPECT_FALSE(MakeDistrict({.households = 500, .estates = 10, .stations = 5}).ok());
  EXPECT_TRUE(MakeDistrict({.households = 1, .estates = 1, .stations = 1}).ok());
}

TEST(District, HasACastForItsHistory) {
  const District district = *MakeDistrict(SmallPlan());
  const absl::StatusOr<Cast> cast = ChooseCast(district);
  ASSERT_TRUE(cast.ok()) << cast.status();
  EXPECT_EQ(cast->rich, district.rich_household);
  std::set<size_t> parts = {cast->corrected, cast->debtor, cast->adjusted, cast->mover,    cast->absorbing, cast->inviting,
                            cast->hidden,    cast->merged, cast->reissued, cast->assisted, cast->accomplice};
  EXPECT_EQ(parts.size(), 11u) << "nobody plays two parts";
  EXPECT_EQ(cast->shared.size(), kSharedHouseholds);
  for (const size_t household : cast->shared) EXPECT_EQ(district.households[household].openids[0], kSharedOpenid);
  EXPECT_GT(district.households[cast->assisted].members, 1);
  EXPECT_FALSE(ChooseCast(*MakeDistrict({.households = 20, .estates = 1, .stations = 1})).ok());
  EXPECT_FALSE(MakeDistrict({.history_days = 5}).ok());
}

TEST(Day, FollowsTheVisitMixAndTheHours) {
  const District district = *MakeDistrict(SmallPlan());
  SeededRandom random(7);
  const absl::CivilDay day(2026, 1, 1);
  const std::vector<std::string> lines = DayOfDrops(district, &random, day, 20'000);
  std::map<std::string, int> kinds;
  int peak = 0;
  std::string last;
  for (const std::string& line : lines) {
    const boost::json::object drop = boost::json::parse(line).as_object();
    ++kinds[std::string(drop.at("category").as_string())];
    const std::string time(drop.at("time").as_string());
    EXPECT_THAT(time, testing::StartsWith("2026-01-01T"));
    peak += time.substr(11, 2) == "07";
    EXPECT_LE(last, time);
    last = time;
  }
  EXPECT_NEAR(kinds["FOOD"] / 20'000.0, 0.48, 0.015);
  EXPECT_NEAR(kinds["RESIDUAL"] / 20'000.0, 0.38, 0.015);
  EXPECT_NEAR(kinds["RECYCLABLE"] / 20'000.0, 0.13, 0.01);
  EXPECT_NEAR(peak / 20'000.0, 0.13, 0.01);
}

TEST(Day, IsTheSameForTheSameSeed) {
  const District district = *MakeDistrict(SmallPlan());
  SeededRandom one(7), same(7), other(8);
  const absl::CivilDay day(2026, 1, 1);
  const auto first = DayOfDrops(district, &one, day, 100);
  EXPECT_EQ(first, DayOfDrops(district, &same, day, 100));
  EXPECT_NE(first, DayOfDrops(district, &other, day, 100));
}

class DemoFolder : public testing::Test {
 protected:
  DemoFolder() {
    char name[] = "/tmp/fenfen-demo-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~DemoFolder() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(DemoFolder, TheDistrictsFilesCanBeImported) {
  const District district = *MakeDistrict(SmallPlan());
  ASSERT_TRUE(WriteDistrictFiles(district, folder_ + "/import", folder_ + "/fleet", std::string(32, 'k'), "app").ok());
  for (const char* name : {"regions", "stations", "devices", "merchants", "offers", "staff"}) {
    Table table(*DecodeText(*ReadWholeFile(absl::StrCat(folder_, "/import/", name, ".csv")), Encoding::kDetect),
                ColumnsOf(*ImportKindOf(name)));
    v1::UpdateCatalogueRequest request;
    ReadCatalogueRows(*ImportKindOf(name), &table, &request);
    EXPECT_THAT(table.faults(), IsEmpty()) << table.faults()[0].ToString();
  }
  Table table(*DecodeText(*ReadWholeFile(folder_ + "/import/households.csv"), Encoding::kDetect), ColumnsOf(ImportKind::kHouseholds));
  std::vector<v1::HouseholdRow> rows;
  ReadHouseholdRows(&table, &rows);
  EXPECT_THAT(table.faults(), IsEmpty());
  EXPECT_EQ(rows.size(), district.households.size());
  // A device keeps its key when the files are written again.
  const std::string key = *ReadWholeFile(folder_ + "/fleet/D0001/key.pem");
  ASSERT_TRUE(WriteDistrictFiles(district, folder_ + "/import", folder_ + "/fleet", std::string(32, 'k'), "app").ok());
  EXPECT_EQ(*ReadWholeFile(folder_ + "/fleet/D0001/key.pem"), key);
}

TEST_F(DemoFolder, RemembersHowFarItIsAndWhatItHolds) {
  const std::string path = folder_ + "/demo";
  {
    const auto workspace = Workspace::Open(path, SmallPlan());
    ASSERT_TRUE(workspace.ok()) << workspace.status();
    EXPECT_EQ(Workspace::Open(path, SmallPlan()).status().code(), absl::StatusCode::kFailedPrecondition);
    ASSERT_TRUE((*workspace)->Reached(DemoStep::kImported, "2026-01-01").ok());
  }
  const auto again = Workspace::Open(path, DistrictPlan{});
  EXPECT_EQ((*again)->record().step, DemoStep::kImported);
  EXPECT_EQ((*again)->record().plan.households, SmallPlan().households);
  EXPECT_EQ((*again)->record().day, "2026-01-01");
}

TEST_F(DemoFolder, ADevicesQueueIsBroughtBackToWhatItWas) {
  const auto workspace = Workspace::Open(folder_ + "/demo", SmallPlan());
  ASSERT_TRUE(workspace.ok()) << workspace.status();
  const std::string queue = (*workspace)->Path("fleet/D1/queue");
  std::filesystem::create_directories(queue);
  ASSERT_TRUE(ReplaceFile(queue + "/acked", "before").ok());
  ASSERT_TRUE((*workspace)->KeepQueue("D1").ok());
  ASSERT_TRUE(ReplaceFile(queue + "/acked", "after").ok());
  ASSERT_TRUE((*workspace)->RestoreQueue("D1").ok());
  EXPECT_EQ(*ReadWholeFile(queue + "/acked"), "before");
  // A set-up that begins anew forgets both, and the journal.
  std::filesystem::create_directories((*workspace)->Path("data/journal"));
  ASSERT_TRUE((*workspace)->ForgetLedger().ok());
  EXPECT_FALSE(std::filesystem::exists((*workspace)->Path("data")));
  EXPECT_FALSE(std::filesystem::exists(queue));
  ASSERT_TRUE((*workspace)->RestoreQueue("D1").ok());
  EXPECT_FALSE(std::filesystem::exists(queue));
}

TEST(PortPicker, TakesAnotherPortWhereTheWantedOneIsTaken) {
  PortPicker picker, other;
  bool taken = true;
  const std::string first = picker.Pick("127.0.0.1:0", &taken);
  EXPECT_FALSE(taken);
  const std::string second = other.Pick(first, &taken);
  EXPECT_TRUE(taken);
  EXPECT_NE(first, second);
}

TEST_F(DemoFolder, AChildSpeaksEndsAndIsStopped) {
  ChildOptions options;
  options.arguments = {"/bin/sh", "-c", "echo one; read line; echo got $line; exit 3"};
  options.log_file = folder_ + "/log";
  options.pipe_in = options.pipe_out = true;
  const auto child = Child::Start(options);
  ASSERT_TRUE(child.ok()) << child.status();
  ASSERT_TRUE((*child)->Write("two\n"));
  std::vector<std::string> lines;
  while (!(*child)->Ended().has_value() || lines.size() < 2) {
    for (std::string& line : (*child)->ReadLines()) lines.push_back(std::move(line));
  }
  EXPECT_THAT(lines, testing::ElementsAre("one", "got two"));
  EXPECT_THAT(DescribeEnd(*(*child)->Ended()), HasSubstr("exit code 3"));

  options.arguments = {"/bin/sleep", "100"};
  const auto sleeper = Child::Start(options);
  EXPECT_THAT(DescribeEnd((*sleeper)->Stop(absl::Seconds(5))), HasSubstr("signal 15"));
  options.arguments = {"/nonexistent"};
  EXPECT_EQ(Child::Start(options).status().code(), absl::StatusCode::kNotFound);
}

TEST(ProgressBar, ShowsDoneRateAndTimeLeft) {
  const absl::Time start = absl::UnixEpoch();
  ProgressBar bar("drops", 1'000, start, /*terminal=*/false);
  EXPECT_THAT(bar.Line(250, start + absl::Seconds(5)), testing::AllOf(HasSubstr("250/1000"), HasSubstr("50/s"), HasSubstr("left 15 s")));
  EXPECT_EQ(bar.Line(300, start + absl::Seconds(6)), "");
  EXPECT_THAT(bar.Line(1'000, start + absl::Seconds(6)), HasSubstr("1000/1000"));
}

}  // namespace
}  // namespace fenfen::ctl
