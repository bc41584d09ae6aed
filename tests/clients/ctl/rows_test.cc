// From a file of each kind to messages, and every bad cell by line and column.
#include "clients/ctl/import/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "clients/ctl/import/text_file.h"

namespace fenfen::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Catalogue {
  Table table;
  v1::UpdateCatalogueRequest request;
  Catalogue(ImportKind kind, absl::string_view text) : table(text, ColumnsOf(kind)) { ReadCatalogueRows(kind, &table, &request); }
};

struct Households {
  Table table;
  std::vector<v1::HouseholdRow> rows;
  explicit Households(absl::string_view text) : table(text, ColumnsOf(ImportKind::kHouseholds)) { ReadHouseholdRows(&table, &rows); }
};

TEST(Rows, TheRealRegionTreeIsRead) {
  const Catalogue tree(ImportKind::kRegions, *DecodeText(*ReadWholeFile("clients/ctl/data/tongzhou_regions.csv"), Encoding::kDetect));
  EXPECT_THAT(tree.table.faults(), IsEmpty());
  ASSERT_EQ(tree.request.regions_size(), 679);
  EXPECT_EQ(tree.request.regions(0).name(), "regions/110112");
  EXPECT_EQ(tree.request.regions(0).parent(), "");
  EXPECT_EQ(tree.request.regions(1).display_name(), "中仓街道");
  EXPECT_EQ(tree.request.regions(1).parent(), "regions/110112");
}

TEST(Rows, HeadersMayBeChineseInAnyOrder) {
  const Catalogue stations(ImportKind::kStations, "名称, 小区编码 ,站点编号\r\n“东门”桶站,　11011200100101　,S1\r\n");
  EXPECT_THAT(stations.table.faults(), IsEmpty());
  EXPECT_EQ(stations.request.stations(0).name(), "stations/S1");
  EXPECT_EQ(stations.request.stations(0).region(), "regions/11011200100101");
}

TEST(Rows, AnUnknownOrMissingColumnIsNamed) {
  const Catalogue stations(ImportKind::kStations, "站点编号,名字\nS1,x\n");
  ASSERT_THAT(stations.table.faults(), SizeIs(testing::Ge(3u)));
  EXPECT_EQ(stations.table.faults()[0].column, 2);
  EXPECT_THAT(stations.table.faults()[0].zh, HasSubstr("没有这一列"));
  EXPECT_THAT(stations.table.faults()[1].zh, HasSubstr("缺少列：名称"));
}

TEST(Rows, EveryBadCellIsReportedWithLineColumnAndReason) {
  const Households households(
      "户号,小区编码,人数,卡号\n"
      "10000001,R1,2,\n"
      "1E+07,R1,2,\n"
      "-5,R 1,0,\n"
      "10000001,R1,x,\n");
  ASSERT_THAT(households.table.faults(), SizeIs(6));
  const auto& faults = households.table.faults();
  EXPECT_EQ(faults[0].line, 3);
  EXPECT_EQ(faults[0].column, 1);
  EXPECT_THAT(faults[0].zh, HasSubstr("科学计数法"));
  EXPECT_EQ(faults[1].ToString(),
            "第 4 行第 1 列“户号”：-5 超出范围 1–9007199254740991 / line 4, column 1 (户号): -5 is outside 1 to 9007199254740991");
  EXPECT_EQ(faults[2].column, 2);
  EXPECT_EQ(faults[3].column, 3);
  EXPECT_THAT(faults[4].zh, HasSubstr("与第 2 行重复"));
  EXPECT_EQ(faults[5].line, 5);
}

TEST(Rows, AtMostAHundredFaultsAreKept) {
  std::string text = "户号,小区编码,人数\n";
  for (int i = 0; i < 500; ++i) text += "x,R1,1\n";
  EXPECT_THAT(Households(text).table.faults(), SizeIs(kErrorsMax));
}

TEST(Rows, ARowWiderThanTheHeaderIsReported) {
  const Households households("户号,小区编码,人数,,\n1,R1,1,,\n2,R1,1,5\n");
  ASSERT_THAT(households.table.faults(), SizeIs(1));
  EXPECT_EQ(households.table.faults()[0].line, 3);
}

TEST(Rows, HouseholdsKeepEmptySubjectsOfCardHolders) {
  const Households households("number,region,members,subjects,card\n7,R1,3,a；;c,K1\n8,R1,1,,\n");
  EXPECT_THAT(households.table.faults(), IsEmpty());
  EXPECT_THAT(households.rows[0].subjects(), ElementsAre("a", "", "c"));
  EXPECT_THAT(households.rows[1].subjects(), IsEmpty());
  EXPECT_EQ(households.rows[0].card(), "K1");
}

TEST(Rows, MoreSubjectsThanMembersAreRefused) {
  EXPECT_THAT(Households("number,region,members,subjects\n7,R1,1,a;b\n").table.faults(), SizeIs(1));
}

struct Price {
  const char* cell;
  int64_t amount;  // 0 for refused
};

class OfferPrice : public testing::TestWithParam<Price> {};

TEST_P(OfferPrice, IsReadInHundredths) {
  const Catalogue offers(ImportKind::kOffers,
                         absl::StrCat("offer,title_zh,title_en,price,merchant,voucher_days\nO1,米,rice,", GetParam().cell, ",M1,30\n"));
  ASSERT_EQ(offers.table.faults().empty(), GetParam().amount > 0) << GetParam().cell;
  if (GetParam().amount == 0) return;
  EXPECT_EQ(offers.request.offers(0).price(), GetParam().amount);
}

INSTANTIATE_TEST_SUITE_P(Cells, OfferPrice,
                         testing::Values(Price{"50", 5000}, Price{"50.5", 5050}, Price{"1.05", 105}, Price{"0.01", 1},
                                         Price{"12.340", 1234}, Price{"0", 0}, Price{"-1", 0}, Price{"1.005", 0}, Price{".5", 0},
                                         Price{"1.", 0}, Price{"1e3", 0}, Price{"\"1,000\"", 0}, Price{"99999999999999999", 0},
                                         Price{"999999999999999", 0}, Price{"", 0}));

TEST(Rows, OffersMayHaveTerms) {
  const Catalogue offers(
      ImportKind::kOffers,
      "项目编号,名称,英文名称,积分,商户编号,有效天数,库存,每户限兑,开始日期,限区域,最低文明积分,仅成人,每次最多,退款天数\n"
      "O1,米,rice,50,M1,30,200,周=1;month=3,2026-07-01,R1;R2,10,是,2,7\nO2,米,rice,50,M1,30,,,,,,,,\n"
      "O3,米,rice,50,M1,30,-1,fortnight=1,,,,,,\n");
  const v1::Offer& offer = offers.request.offers(0);
  EXPECT_EQ(offer.stock(), 200);
  ASSERT_EQ(offer.limits_size(), 2);
  EXPECT_EQ(offer.limits(1).period(), v1::OfferLimit::PERIOD_MONTH);
  EXPECT_EQ(offer.limits(1).quantity(), 3);
  EXPECT_EQ(offer.first_day(), "2026-07-01");
  EXPECT_THAT(offer.regions(), ElementsAre("regions/R1", "regions/R2"));
  EXPECT_EQ(offer.civic_min(), 1000);
  EXPECT_TRUE(offer.adults_only());
  EXPECT_EQ(offer.quantity_max(), 2);
  EXPECT_EQ(offer.refund_days(), 7);
  EXPECT_EQ(offers.request.offers(1).stock(), 0);
  EXPECT_THAT(offers.table.faults(), SizeIs(2));
}

TEST(Rows, DevicesTakeKeysInHexAndBase64) {
  const Catalogue devices(ImportKind::kDevices, absl::StrCat("device,station,public_key,revoked\nD1,S1,", std::string(64, 'a'),
                                                             ",\nD2,S1,qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=,是\nD3,S1,abc,否\n"));
  ASSERT_THAT(devices.table.faults(), SizeIs(1));
  EXPECT_EQ(devices.table.faults()[0].line, 4);
  EXPECT_EQ(devices.request.devices(0).public_key(), devices.request.devices(1).public_key());
  EXPECT_TRUE(devices.request.devices(1).revoked());
}

TEST(Rows, MerchantsListTheirOperators) {
  const Catalogue merchants(ImportKind::kMerchants, "商户编号,名称,区域编码,操作员\nM1,\"粮油店,一分店\",R1,a=subA;b=subB\nM2,x,R1,oops\n");
  ASSERT_EQ(merchants.request.merchants(0).operators_size(), 2);
  EXPECT_EQ(merchants.request.merchants(0).operators(1).name(), "merchants/M1/operators/b");
  EXPECT_EQ(merchants.request.merchants(0).operators(1).subject(), "subB");
  EXPECT_THAT(merchants.table.faults(), SizeIs(1));
}

TEST(Rows, StaffHaveRolesInEitherLanguage) {
  const Catalogue staff(ImportKind::kStaff, "staff,role,region,subject\nA,审计,R1,s1\nB,Attendant,R1,s2\nC,boss,R1,s3\n");
  EXPECT_EQ(staff.request.staff(0).role(), v1::ROLE_AUDITOR);
  EXPECT_EQ(staff.request.staff(1).role(), v1::ROLE_ATTENDANT);
  EXPECT_THAT(staff.table.faults(), SizeIs(1));
}

}  // namespace
}  // namespace fenfen::ctl
