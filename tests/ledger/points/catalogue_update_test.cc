// The catalogue changes as a whole or not at all.
#include "ledger/points/catalogue_update.h"

#include "tests/ledger/points/points_fixture.h"

namespace fenfen {
namespace {

// The plan of a request against the fixture's catalogue.
CatalogueChange Plan(PointsFixture& f, const v1::UpdateCatalogueRequest& request) {
  CatalogueChange change;
  EXPECT_TRUE(
      f.state.Read(kCataloguePartition, [&](const View& view, PartitionSeq) { change = PlanCatalogueUpdate(view, request, {}); }).ok());
  return change;
}

TEST(CatalogueUpdate, TheSameAgainChangesNothing) {
  PointsFixture f;
  const CatalogueChange again = Plan(f, SmallCatalogue());
  EXPECT_TRUE(again.errors.empty());
  EXPECT_EQ(again.written, 0);
  EXPECT_EQ(again.unchanged, 9);
}

TEST(CatalogueUpdate, AnItemReplacesTheOneOfItsName) {
  PointsFixture f;
  v1::UpdateCatalogueRequest request;
  *request.add_stations() = SmallCatalogue().stations(0);
  request.mutable_stations(0)->set_display_name("新名");
  EXPECT_OK(f.Update(request));
  EXPECT_EQ(f.catalogue()->Find<v1::Station>("stations/s1")->display_name(), "新名");
}

TEST(CatalogueUpdate, OneBadItemKeepsAllOut) {
  PointsFixture f;
  v1::UpdateCatalogueRequest request;
  *request.add_stations() = SmallCatalogue().stations(0);
  request.mutable_stations(0)->set_name("stations/s9");
  *request.add_stations() = SmallCatalogue().stations(0);
  request.mutable_stations(1)->set_name("stations/s10");
  request.mutable_stations(1)->set_region("regions/none");
  EXPECT_EQ(ReasonOf(f.Update(request)), Reason::REASON_ROW_INVALID);
  EXPECT_EQ(f.catalogue()->Find<v1::Station>("stations/s9"), nullptr);
  const CatalogueChange plan = Plan(f, request);
  ASSERT_EQ(plan.errors.size(), 1u);
  EXPECT_EQ(plan.errors[0].row(), 2);
  EXPECT_EQ(plan.errors[0].field(), "stations.region");
  EXPECT_EQ(plan.errors[0].zh(), "“regions/none”不存在");
}

TEST(CatalogueUpdate, NamesFieldAndRowOfEachMistake) {
  PointsFixture f;
  v1::UpdateCatalogueRequest request;
  v1::Region& region = *request.add_regions();
  region.set_name("regions/有空格");
  region.set_level("planet");
  v1::Offer& offer = *request.add_offers();
  offer.set_name("offers/x");
  offer.set_title_zh("米");
  offer.set_title_en("Rice");
  offer.set_merchant("merchants/m");
  v1::Device& device = *request.add_devices();
  device.set_name("devices/d");
  device.set_station("stations/s1");
  device.set_public_key("short");
  v1::Staff& staff = *request.add_staff();
  staff.set_name("staff/a");
  staff.set_region("regions/t");
  std::vector<std::string> fields;
  for (const v1::RowError& error : Plan(f, request).errors) fields.push_back(error.field());
  EXPECT_THAT(fields, testing::UnorderedElementsAre("regions.name", "regions.display_name", "regions.level", "devices.public_key",
                                                    "offers.price", "offers.voucher_days", "staff.role"));
}

TEST(CatalogueUpdate, RuleSetsFollowOneAnother) {
  PointsFixture f;
  v1::UpdateCatalogueRequest request;
  *request.mutable_rule_set() = SmallCatalogue().rule_set();
  request.mutable_rule_set()->set_version(3);
  EXPECT_EQ(ReasonOf(f.Update(request)), Reason::REASON_ROW_INVALID);
  request.mutable_rule_set()->set_version(2);
  EXPECT_OK(f.Update(request));
  EXPECT_EQ(f.catalogue()->rules()->version(), 2);
  ASSERT_NE(f.catalogue()->RulesOf(1), nullptr);
  request.mutable_rule_set()->mutable_rules(0)->set_reward_per_kg(999);
  EXPECT_EQ(ReasonOf(f.Update(request)), Reason::REASON_ROW_INVALID) << "a version in force is never rewritten";
}

TEST(CatalogueUpdate, AnOldEntryKeepsItsSentenceUnderNewRules) {
  PointsFixture f;
  EXPECT_OK(f.Enrol(7));
  EXPECT_OK(f.Drop(7, v1::CATEGORY_FOOD, 500));
  const std::string before = f.LastSentence();
  const CommittedTransaction drop = f.history.back();
  v1::UpdateCatalogueRequest request;
  *request.mutable_rule_set() = SmallCatalogue().rule_set();
  request.mutable_rule_set()->set_version(2);
  request.mutable_rule_set()->mutable_rules(0)->set_reward_per_kg(900);
  EXPECT_OK(f.Update(request));
  EXPECT_EQ(RenderEntry(drop, *f.catalogue())->reason_zh(), before);
}

TEST(Catalogue, KnowsWhatLiesWithinWhat) {
  PointsFixture f;
  const auto catalogue = f.catalogue();
  const auto id = [](const char* name) { return CatalogueIdOf(name); };
  EXPECT_TRUE(catalogue->IsWithin(id("regions/e"), id("regions/e")));
  EXPECT_TRUE(catalogue->IsWithin(id("regions/e"), id("regions/d")));
  EXPECT_FALSE(catalogue->IsWithin(id("regions/t"), id("regions/e")));
  EXPECT_FALSE(catalogue->IsWithin(id("regions/none"), id("regions/d")));
  EXPECT_EQ(catalogue->TownOf(id("regions/e")), id("regions/t"));
}

}  // namespace
}  // namespace fenfen
