// Before the first day. The pilot's two days are chosen so that their points lapse at the last month's end within the history, and at the
// end of the present month.
#include "absl/strings/str_cat.h"
#include "clients/cpp/key_file.h"
#include "clients/ctl/commands/secrets.h"
#include "clients/ctl/demo/history/areas.h"
#include "clients/ctl/demo/history/programme.h"
#include "clients/ctl/demo/import_district.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/game.grpc.pb.h"

namespace fenfen::ctl {

namespace {

constexpr double kChange = 0.5;  // when the rules change

absl::Status UpdateCatalogue(Story& story, const v1::UpdateCatalogueRequest& request) {
  const auto updated = story.stage.Change(OperatorPerson(), &v1::CatalogueService::Stub::UpdateCatalogue, request);
  if (!updated.ok()) return updated.status();
  if (updated->errors().empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(updated->errors(0).field(), ": ", updated->errors(0).en()));
}

ProgrammeDays DaysOf(const Story& story) {
  return {story.first_day, story.first_day + story.DayAt(kChange) + 1, story.first_day + story.days - 1};
}

// The first merchant's till signs for itself.
absl::Status AddTill(Story& story) {
  const DemoMerchant& merchant = story.district.merchants[0];
  const std::string path = story.workspace.Path("keys/till.key.pem"), name = absl::StrCat("merchants/", merchant.id);
  absl::StatusOr<client::Ed25519Key> key = client::Ed25519Key::FromPemFile(path);
  if (absl::IsNotFound(key.status())) {
    key = client::Ed25519Key::Generate();
    if (!key.ok()) return key.status();
    if (absl::Status written = client::WriteNewFile(path, key->PrivatePem(), /*secret=*/true); !written.ok()) return written;
  }
  if (!key.ok()) return key.status();
  story.stage.AddTill(absl::StrCat(name, "/operators/till"), *key);
  v1::UpdateCatalogueRequest request;
  v1::Merchant& item = *request.add_merchants();
  item.set_name(name);
  item.set_display_name(merchant.name);
  item.set_region(absl::StrCat("regions/", merchant.region));
  const std::pair<const char*, std::string> people[] = {{"op1", merchant.openid}, {"op2", merchant.assistant_openid}};
  const absl::StatusOr<std::string> subject_key = ReadSecret(story.workspace.Path("keys/subject.key"));
  if (!subject_key.ok()) return subject_key.status();
  for (const auto& [id, openid] : people) {
    v1::MerchantOperator& person = *item.add_operators();
    person.set_name(absl::StrCat(name, "/operators/", id));
    person.set_subject(WechatSubject(*subject_key, kDemoAppId, openid));
  }
  v1::MerchantOperator& till = *item.add_operators();
  till.set_name(absl::StrCat(name, "/operators/till"));
  till.set_public_key(key->PublicBytes());
  return UpdateCatalogue(story, request);
}

absl::Status SetTerms(Story& story) {
  const absl::StatusOr<v1::RuleSet> rules = PilotRules(DaysOf(story));
  const absl::StatusOr<v1::GameRules> game = DemoGameRules(DaysOf(story));
  if (!rules.ok()) return rules.status();
  if (!game.ok()) return game.status();
  v1::UpdateCatalogueRequest request;
  *request.mutable_rule_set() = *rules;
  if (absl::Status set = UpdateCatalogue(story, request); !set.ok()) return set;
  v1::SetGameRulesRequest levels;
  *levels.mutable_game_rules() = *game;
  return story.stage.Change(OperatorPerson(), &v1::GameService::Stub::SetGameRules, levels).status();
}

// A day on which those who play a part drop: a few tens of points for each.
absl::Status PilotDay(Story& story, absl::CivilDay day, const std::atomic<bool>& stop) {
  std::vector<std::string> lines;
  for (const size_t household : {story.cast.rich, story.cast.saver, story.cast.appellant, story.cast.plaintiff, story.cast.giver}) {
    const absl::Time morning = absl::FromCivil(day, ProgrammeTimeZone()) + absl::Hours(8);
    lines.push_back(GivenDropLine(story.district, household, "FOOD", 1'600, morning));
    lines.push_back(GivenDropLine(story.district, household, "RECYCLABLE", 2'500, morning + absl::Minutes(3)));
  }
  story.stage.MoveTo(absl::FromCivil(day, ProgrammeTimeZone()) + absl::Hours(12));
  const absl::StatusOr<UploadReport> report = story.devices.Upload(lines, stop);
  if (!report.ok()) return report.status();
  story.counts.credited += report->credited;
  story.counts.rejected += report->rejected;
  return absl::OkStatus();
}

}  // namespace

absl::Status PlayOpening(Story& story, const std::function<void(const std::string&)>& say, const std::atomic<bool>& stop) {
  const absl::StatusOr<std::unique_ptr<client::Client>> client = story.stage.Connect(OperatorPerson());
  if (!client.ok()) return client.status();
  absl::Status done = ImportDistrict(client->get(), story.stage.Ids(), story.workspace.Path("import"), /*with_rules=*/false, say, stop);
  if (done.ok()) done = AddTill(story);
  if (done.ok()) done = SetTerms(story);
  const PilotDays pilot = PilotDaysOf(story.first_day, story.days);
  for (const absl::CivilDay day : {pilot.lapses, pilot.lapses_soon}) {
    if (done.ok()) done = PilotDay(story, day, stop);
  }
  return done;
}

absl::Status PlayTerms(Story& story) {
  if (story.day != story.DayAt(kChange)) return absl::OkStatus();
  story.stage.MoveTo(story.At(15));
  const absl::StatusOr<v1::RuleSet> rules = TodaysRules(DaysOf(story), story.district);
  if (!rules.ok()) return rules.status();
  v1::UpdateCatalogueRequest request;
  *request.mutable_rule_set() = *rules;
  // The third offer has become cheaper, and will be dearer again.
  const DemoOffer& cheaper = story.district.offers[2];
  v1::Offer& offer = *request.add_offers();
  offer.set_name(absl::StrCat("offers/", cheaper.id));
  offer.set_title_zh(cheaper.title_zh);
  offer.set_title_en(cheaper.title_en);
  offer.set_price(cheaper.points * 100);
  offer.set_merchant(absl::StrCat("merchants/", cheaper.merchant));
  offer.set_voucher_days(cheaper.voucher_days);
  offer.set_quantity_max(cheaper.quantity_max);
  offer.set_refund_days(cheaper.refund_days);
  v1::OfferLimit& limit = *offer.add_limits();
  limit.set_period(v1::OfferLimit::PERIOD_MONTH);
  limit.set_quantity(3);
  const std::pair<absl::CivilDay, int64_t> prices[] = {{story.Today() + 1, cheaper.points * 100 - 1'000},
                                                       {story.first_day + story.days + 30, cheaper.points * 100}};
  for (const auto& [day, price] : prices) {
    v1::OfferPrice& dated = *offer.add_prices();
    dated.set_first_day(absl::FormatCivilTime(day));
    dated.set_price(price);
  }
  return UpdateCatalogue(story, request);
}

}  // namespace fenfen::ctl
