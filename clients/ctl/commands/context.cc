#include "clients/ctl/commands/context.h"

#include <google/protobuf/util/json_util.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace fenfen::ctl {

namespace {

constexpr absl::Duration kTokenLife = absl::Minutes(30);

absl::StatusOr<std::unique_ptr<client::Client>> ConnectAs(const Context& context, const std::string& key, const std::string& issuer,
                                                          const std::string& subject, const std::string& role) {
  absl::StatusOr<client::TokenSigner> signer = client::TokenSigner::FromPemFile(key, issuer);
  if (!signer.ok()) return signer.status();
  client::ClientOptions options;
  options.target = context.server;
  options.ca_file = context.server_ca;
  options.token = client::MintedTokens(*std::move(signer), subject, role, kTokenLife, [] { return absl::Now(); });
  return client::Client::Connect(std::move(options));
}

}  // namespace

void AddGlobalOptions(CLI::App& app, Context* context) {
  app.add_option("--server", context->server, "服务器地址 HOST:PORT / the server's address")
      ->capture_default_str()
      ->envname("FENFEN_SERVER");
  app.add_option("--server-ca", context->server_ca, "服务器证书的 CA（PEM），给出则用 TLS / CA of the server's certificate; TLS if given");
  app.add_option("--operator-key", context->operator_key, "运维私钥（PEM）/ the operator's private key")->envname("FENFEN_OPERATOR_KEY");
  app.add_option("--as", context->as, "以谁的身份查询，如 staff/s1:AUDITOR / whom to call as, SUBJECT:ROLE");
  app.add_option("--key", context->key, "签发该身份的私钥（PEM）/ the issuer's private key for --as");
  app.add_option("--issuer", context->issuer, "该私钥的签发者名称 / the issuer's name for --as")->capture_default_str();
  app.add_flag("--json", context->json, "输出 JSON / print JSON");
}

absl::StatusOr<std::unique_ptr<client::Client>> ConnectAsOperator(const Context& context) {
  if (context.operator_key.empty()) return absl::InvalidArgumentError("请用 --operator-key 给出运维私钥 / give --operator-key");
  return ConnectAs(context, context.operator_key, "operator", "operators/operator", "OPERATOR");
}

absl::StatusOr<std::unique_ptr<client::Client>> ConnectAsPerson(const Context& context) {
  const size_t colon = context.as.rfind(':');
  if (colon == std::string::npos || context.key.empty()) {
    return absl::InvalidArgumentError("请用 --as staff/编号:AUDITOR 和 --key 给出身份 / give --as SUBJECT:ROLE and --key");
  }
  return ConnectAs(context, context.key, context.issuer, context.as.substr(0, colon), context.as.substr(colon + 1));
}

absl::StatusOr<std::unique_ptr<client::Client>> ConnectAsNobody(const Context& context) {
  client::ClientOptions options;
  options.target = context.server;
  options.ca_file = context.server_ca;
  return client::Client::Connect(std::move(options));
}

int Fail(const Context& context, const absl::Status& status) {
  if (context.json) {
    std::cout << boost::json::object{{"error", std::string(status.message())}} << std::endl;
  } else {
    std::cerr << "fenfenctl: " << status.message() << std::endl;
  }
  return 2;
}

int Fail(const Context& context, const client::Error& error) {
  if (context.json) {
    std::cout << boost::json::object{{"reason", error.reason_name}, {"zh", error.zh}, {"en", error.en}} << std::endl;
  } else {
    std::cerr << "fenfenctl: " << error.ToString() << std::endl;
  }
  return 1;
}

void PrintJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  if (google::protobuf::util::MessageToJsonString(message, &text, options).ok()) std::cout << text << std::endl;
}

std::string FormatPoints(int64_t hundredths, bool plus) {
  const uint64_t size = hundredths < 0 ? 0 - static_cast<uint64_t>(hundredths) : static_cast<uint64_t>(hundredths);
  return absl::StrFormat("%s%d.%02d", hundredths < 0 ? "-" : (plus ? "+" : ""), size / 100, size % 100);
}

}  // namespace fenfen::ctl
