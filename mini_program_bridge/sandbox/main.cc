// fenfen-wechat-sandbox: a stand-in for WeChat's sign-in. See sandbox.h.
#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/time/clock.h"
#include "clients/cpp/key_file.h"
#include "mini_program_bridge/ready_file.h"
#include "mini_program_bridge/sandbox/sandbox.h"
#include "mini_program_bridge/serve.h"

namespace fenfen::bridge {
namespace {

int Fail(const absl::Status& status) {
  std::cerr << "fenfen-wechat-sandbox: " << status.message() << "\n";
  return 1;
}

int Main(int argc, char** argv) {
  CLI::App app("fenfen-wechat-sandbox: speaks WeChat's jscode2session for a list of made-up people");
  std::string listen = "127.0.0.1:0", people_file, ready_file;
  app.add_option("--listen", listen, "Address and port; port 0 takes a free one")->capture_default_str();
  app.add_option("--people", people_file, "JSON list of {openid, label}")->required();
  app.add_option("--ready-file", ready_file, "Written once it serves");
  CLI11_PARSE(app, argc, argv);
  const absl::StatusOr<std::string> text = client::ReadKeyFile(people_file, /*secret=*/false);
  if (!text.ok()) return Fail(text.status());
  absl::StatusOr<std::vector<SandboxPerson>> people = ParseSandboxPeople(*text);
  if (!people.ok()) return Fail(people.status());
  ServeLoop loop(1);
  Sandbox sandbox(*std::move(people), absl::Now);
  const auto server = HttpServer::Listen(loop.threads(), listen, &sandbox, HttpLimits());
  if (!server.ok()) return Fail(server.status());
  if (!ready_file.empty()) {
    if (absl::Status status = WriteReadyFile(ready_file, (*server)->address()); !status.ok()) return Fail(status);
  }
  std::cout << "listening on " << (*server)->address() << std::endl;
  loop.Run({*server}, absl::Seconds(2));
  return 0;
}

}  // namespace
}  // namespace fenfen::bridge

int main(int argc, char** argv) { return fenfen::bridge::Main(argc, argv); }
