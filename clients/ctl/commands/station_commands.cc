// fenfenctl regions, stations, offers: what everybody may see; drop: an attendant's record of one, for whom --as names.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "absl/strings/ascii.h"
#include "clients/cpp/request_id.h"
#include "clients/ctl/commands/ask.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/commands/text_table.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"

namespace fenfen::ctl {
namespace {

using Catalogue = v1::CatalogueService::Stub;

int ListRegions(const Context& context, const std::string& parent) {
  v1::ListRegionsRequest request;
  if (!parent.empty()) request.set_parent(Named("regions", parent));
  return AskWith(context, ConnectAsNobody(context), &Catalogue::ListRegions, request, [](const v1::ListRegionsResponse& reply) {
    TextTable table({"区域 / region", "名称 / name", "级别 / level", "类型 / site type"});
    for (const v1::Region& region : reply.regions()) table.Row({region.name(), region.display_name(), region.level(), region.site_type()});
    std::cout << table.Lines();
  });
}

int ListStations(const Context& context, const std::string& region) {
  v1::ListStationsRequest request;
  request.set_region(Named("regions", region));
  return AskWith(context, ConnectAsNobody(context), &Catalogue::ListStations, request, [](const v1::ListStationsResponse& reply) {
    TextTable table({"站点 / station", "名称 / name", "区域 / region", "类型 / kind"});
    for (const v1::Station& station : reply.stations())
      table.Row({station.name(), station.display_name(), station.region(), station.kind()});
    std::cout << table.Lines();
  });
}

int ListOffers(const Context& context) {
  const auto show = [](const v1::ListOffersResponse& reply) {
    TextTable table({"项目 / offer", "名称 / title", ">积分 / points", ">剩余 / left", "商户 / merchant"});
    for (const v1::Offer& offer : reply.offers()) {
      table.Row({offer.name(), absl::StrCat(offer.title_zh(), " / ", offer.title_en()), FormatPoints(offer.price()),
                 offer.stock() == 0 ? "—" : absl::StrCat(offer.stock_left()), offer.merchant_display_name()});
    }
    std::cout << table.Lines();
  };
  return AskWith(context, ConnectAsNobody(context), &Catalogue::ListOffers, v1::ListOffersRequest(), show);
}

struct DropArgs {
  std::string household;
  std::string category;
  std::string station;
  int64_t grams = 0;  // 0 where nothing was weighed
  int member = 0;     // 0 if not known
  std::string material;
  int pieces = 0;
  bool by_proxy = false;
  std::string request_id;
};

int RecordDrop(const Context& context, const DropArgs& args) {
  v1::RecordDropRequest request;
  v1::Category category = v1::CATEGORY_UNSPECIFIED;
  if (!v1::Category_Parse(absl::StrCat("CATEGORY_", absl::AsciiStrToUpper(args.category)), &category)) {
    return Fail(context, absl::InvalidArgumentError("CATEGORY: food, recyclable, hazardous, residual, bulky, renovation"));
  }
  request.set_household(Named("households", args.household));
  request.set_request_id(args.request_id.empty() ? client::RequestIds::FromSystem().Next() : args.request_id);
  request.set_category(category);
  request.set_station(Named("stations", args.station));
  if (args.grams > 0) request.set_weight_grams(args.grams);
  if (args.member > 0) request.set_member(absl::StrCat(request.household(), "/members/", args.member));
  request.set_material(args.material);
  request.set_pieces(args.pieces);
  request.set_by_proxy(args.by_proxy);
  return Ask(context, &v1::DropService::Stub::RecordDrop, request, [](const v1::RecordDropResponse& reply) {
    std::cout << reply.entry().name() << '\n' << reply.entry().reason_zh() << '\n' << reply.entry().reason_en() << std::endl;
  });
}

void AddDropCommand(CLI::App& app, Context* context) {
  const auto args = std::make_shared<DropArgs>();
  CLI::App* drop = app.add_subcommand("drop", "指导员在站点记录一次投放（需 --as 与 --key）/ an attendant records a drop at a station");
  drop->add_option("HOUSEHOLD", args->household, "户号 / the household's number")->required();
  drop->add_option("CATEGORY", args->category, "food recyclable hazardous residual bulky renovation")->required();
  drop->add_option("STATION", args->station, "站点编号 / the station's id")->required();
  drop->add_option("--grams", args->grams, "克；没有称重则不填 / grams; left out where nothing was weighed")->check(CLI::Range(1, 50'000));
  drop->add_option("--member", args->member, "第几位成员 / the member's number")->check(CLI::PositiveNumber);
  drop->add_option("--material", args->material, "材质，如 paper / the material, such as paper");
  drop->add_option("--pieces", args->pieces, "件数 / pieces")->check(CLI::Range(1, 1000));
  drop->add_flag("--by-proxy", args->by_proxy, "代办：本人不在场，须已登记同意 / nobody of them is there; consent must be recorded");
  drop->add_option("--request-id", args->request_id, "UUIDv7；重试时用同一个 / the same one when trying again");
  drop->callback([context, args] { context->exit_code = RecordDrop(*context, *args); });
}

}  // namespace

void AddStationCommands(CLI::App& app, Context* context) {
  const auto name = std::make_shared<std::string>();
  CLI::App* regions = app.add_subcommand("regions", "下级区域；不填为最上级 / the regions below one; the root where none is given");
  regions->add_option("PARENT", *name, "区域编码 / the region's code");
  regions->callback([context, name] { context->exit_code = ListRegions(*context, *name); });
  CLI::App* stations = app.add_subcommand("stations", "一个区域的站点 / a region's stations");
  stations->add_option("REGION", *name, "区域编码 / the region's code")->required();
  stations->callback([context, name] { context->exit_code = ListStations(*context, *name); });
  CLI::App* offers = app.add_subcommand("offers", "现在可以兑换的 / what can be reserved now");
  offers->callback([context] { context->exit_code = ListOffers(*context); });
  AddDropCommand(app, context);
}

}  // namespace fenfen::ctl
