// fenfenctl voucher reserve, list, show, cancel, capture, refund: offers and vouchers, for whom --as names.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "clients/cpp/request_id.h"
#include "clients/ctl/commands/ask.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/commands/text_table.h"
#include "fenfen/v1/voucher.grpc.pb.h"

namespace fenfen::ctl {
namespace {

using Stub = v1::VoucherService::Stub;

struct Args {
  std::string name;  // of a household, a voucher, a capture or a merchant
  std::string offer;
  int quantity = 1;
  std::vector<std::string> codes;
};

std::string LocalTime(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d %H:%M", absl::FromUnixSeconds(time.seconds()), absl::FixedTimeZone(8 * 3600));
}

const char* StateWords(v1::Voucher::State state) {
  switch (state) {
    case v1::Voucher::STATE_RESERVED:
      return "待领取 / reserved";
    case v1::Voucher::STATE_CAPTURED:
      return "已核销 / captured";
    case v1::Voucher::STATE_EXPIRED:
      return "已过期 / expired";
    case v1::Voucher::STATE_CANCELLED:
      return "已取消 / cancelled";
    case v1::Voucher::STATE_REFUNDED:
      return "已退款 / refunded";
    default:
      return "—";
  }
}

TextTable NewTable() {
  return TextTable({"兑换券 / voucher", "项目 / title", ">积分 / points", "状态 / state", "到期 / expires", "券码 / code"});
}

void AddRow(TextTable& table, const v1::Voucher& voucher) {
  table.Row({voucher.name(), voucher.title_zh(), FormatPoints(voucher.price()), StateWords(voucher.state()),
             LocalTime(voucher.expire_time()), voucher.code()});
}

// The same for what leaves a voucher and an entry.
template <typename Method, typename Request>
int Change(const Context& context, Method method, Request request) {
  request.set_request_id(client::RequestIds::FromSystem().Next());
  return Ask(context, method, request, [](const auto& reply) {
    TextTable table = NewTable();
    AddRow(table, reply.voucher());
    std::cout << table.Lines() << reply.entry().reason_zh() << '\n' << reply.entry().reason_en() << std::endl;
  });
}

int List(const Context& context, const Args& args) {
  v1::ListVouchersRequest request;
  request.set_household(Named("households", args.name));
  return Ask(context, &Stub::ListVouchers, request, [](const v1::ListVouchersResponse& reply) {
    TextTable table = NewTable();
    for (const v1::Voucher& voucher : reply.vouchers()) AddRow(table, voucher);
    std::cout << table.Lines();
  });
}

int Show(const Context& context, const Args& args) {
  v1::GetVoucherRequest request;
  request.set_name(args.name);
  return Ask(context, &Stub::GetVoucher, request, [](const v1::GetVoucherResponse& reply) {
    TextTable table = NewTable();
    AddRow(table, reply.voucher());
    std::cout << table.Lines();
    if (reply.voucher().screen_code().empty()) return;
    std::cout << "屏幕码 / screen code: " << reply.voucher().screen_code() << std::endl;
  });
}

// Exit code 1 where one was refused.
int Capture(const Context& context, const Args& args) {
  v1::CaptureVouchersRequest request;
  request.set_merchant(Named("merchants", args.name));
  request.set_request_id(client::RequestIds::FromSystem().Next());
  for (const std::string& code : args.codes) request.add_codes(code);
  bool all = true;
  const int asked = Ask(context, &Stub::CaptureVouchers, request, [&](const v1::CaptureVouchersResponse& reply) {
    for (int i = 0; i < reply.outcomes_size(); ++i) {
      const v1::CaptureOutcome& outcome = reply.outcomes(i);
      std::cout << request.codes(i) << "  ";
      if (outcome.reason().empty()) {
        std::cout << "已核销 / captured  " << outcome.capture().title_zh() << "  " << FormatPoints(outcome.capture().amount()) << '\n';
      } else {
        std::cout << outcome.reason_zh() << " / " << outcome.reason_en() << '\n';
      }
    }
    all = reply.captured() == reply.outcomes_size();
    std::cout << "共 " << reply.captured() << " 张，" << FormatPoints(reply.amount()) << " 积分 / " << reply.captured() << " captured"
              << std::endl;
  });
  return asked != 0 ? asked : all ? 0 : 1;
}

// A merchant names the capture, staff the voucher.
int Refund(const Context& context, const Args& args) {
  if (!absl::StartsWith(args.name, "merchants/")) {
    v1::RefundVoucherRequest request;
    request.set_name(args.name);
    return Change(context, &Stub::RefundVoucher, request);
  }
  v1::RefundCaptureRequest request;
  request.set_name(args.name);
  request.set_request_id(client::RequestIds::FromSystem().Next());
  return Ask(context, &Stub::RefundCapture, request, [](const v1::RefundCaptureResponse& reply) {
    std::cout << "已退款 / refunded  " << reply.capture().title_zh() << "  " << FormatPoints(reply.capture().amount()) << std::endl;
  });
}

}  // namespace

void AddVoucherCommands(CLI::App& app, Context* context) {
  auto args = std::make_shared<Args>();
  CLI::App* group = app.add_subcommand("voucher", "兑换券（需 --as 与 --key）/ vouchers");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, const char* what, const char* about) {
    CLI::App* command = group->add_subcommand(name, help);
    command->add_option(what, args->name, about)->required();
    return command;
  };
  const char* const kHousehold = "户号 / the household's number";
  const char* const kVoucher = "households/户号/vouchers/编号 / the voucher's name";

  CLI::App* reserve = add("reserve", "兑换（居民身份）/ reserve, as a resident", "HOUSEHOLD", kHousehold);
  reserve->add_option("OFFER", args->offer, "项目编号 / the offer's id")->required();
  reserve->add_option("--quantity", args->quantity, "份数 / pieces")->capture_default_str()->check(CLI::Range(1, 100));
  reserve->callback([context, args] {
    v1::ReserveVoucherRequest request;
    request.set_household(Named("households", args->name));
    request.set_offer(Named("offers", args->offer));
    request.set_quantity(args->quantity);
    context->exit_code = Change(*context, &Stub::ReserveVoucher, request);
  });
  add("list", "一户的兑换券 / a household's vouchers", "HOUSEHOLD", kHousehold)->callback([context, args] {
    context->exit_code = List(*context, *args);
  });
  add("show", "一张券及其当前的屏幕码 / a voucher with its present code", "VOUCHER", kVoucher)->callback([context, args] {
    context->exit_code = Show(*context, *args);
  });
  add("cancel", "取消 / give it back", "VOUCHER", kVoucher)->callback([context, args] {
    v1::CancelVoucherRequest request;
    request.set_name(args->name);
    context->exit_code = Change(*context, &Stub::CancelVoucher, request);
  });
  CLI::App* capture =
      add("capture", "核销一张或多张（商户身份）/ capture one or many, as a merchant", "MERCHANT", "商户编号 / the merchant's id");
  capture->add_option("CODES", args->codes, "券码 / the codes")->required()->expected(1, 50);
  capture->callback([context, args] { context->exit_code = Capture(*context, *args); });
  add("refund", "退款：商户给出核销编号，工作人员给出券 / refund a capture, or a voucher as staff", "NAME",
      "merchants/商户/captures/编号 或 households/户号/vouchers/编号")
      ->callback([context, args] { context->exit_code = Refund(*context, *args); });
}

}  // namespace fenfen::ctl
