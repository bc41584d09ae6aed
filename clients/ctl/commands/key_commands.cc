// fenfenctl keygen and subject.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/cpp/key_file.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/commands/secrets.h"

namespace fenfen::ctl {

namespace {

struct KeygenArgs {
  std::string name;
  bool hex = false;
};

absl::Status Keygen(const KeygenArgs& args) {
  if (args.hex) {
    const absl::Status written = WriteNewSecret(args.name);
    if (written.ok()) std::cout << "已生成 / wrote " << args.name << std::endl;
    return written;
  }
  const absl::Status written = WriteNewKeyPair(args.name);
  if (written.ok()) std::cout << "已生成 / wrote " << args.name << ".key.pem (0600), " << args.name << ".pub.pem" << std::endl;
  return written;
}

}  // namespace

void AddKeyCommands(CLI::App& app, Context* context) {
  auto keygen_args = std::make_shared<KeygenArgs>();
  CLI::App* keygen = app.add_subcommand("keygen", "生成密钥：NAME.key.pem（0600）与 NAME.pub.pem / make an Ed25519 key pair");
  keygen->add_option("NAME", keygen_args->name, "文件名（不含后缀）；--hex 时为完整文件名 / the files' name")->required();
  keygen->add_flag("--hex", keygen_args->hex, "生成 64 位十六进制密钥文件 / a file of 64 hexadecimal digits instead");
  keygen->callback([context, keygen_args] {
    const absl::Status made = Keygen(*keygen_args);
    if (!made.ok()) context->exit_code = Fail(*context, made);
  });

  struct SubjectArgs {
    std::string key_file, app_id, openid;
  };
  auto subject_args = std::make_shared<SubjectArgs>();
  CLI::App* subject = app.add_subcommand("subject", "计算微信标识，供导入文件使用 / the keyed hash of a WeChat openid, for import files");
  subject->add_option("OPENID", subject_args->openid, "openid")->required();
  subject->add_option("--subject-key", subject_args->key_file, "桥接服务的 subject.key / the bridge's subject.key")->required();
  subject->add_option("--app-id", subject_args->app_id, "小程序 appid")->required();
  subject->callback([context, subject_args] {
    const absl::StatusOr<std::string> key = ReadSecret(subject_args->key_file);
    if (!key.ok()) {
      context->exit_code = Fail(*context, key.status());
      return;
    }
    std::cout << WechatSubject(*key, subject_args->app_id, subject_args->openid) << std::endl;
  });
}

}  // namespace fenfen::ctl
