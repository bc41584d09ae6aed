// What every command of fenfenctl shares: where the server is, as whom to call it, how to print.
//
// Not thread-safe; one program has one.
#ifndef FENFEN_CLIENTS_CTL_COMMANDS_CONTEXT_H_
#define FENFEN_CLIENTS_CTL_COMMANDS_CONTEXT_H_

#include <google/protobuf/message.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/client.h"

namespace CLI {
class App;
}

namespace fenfen::ctl {

// The global options, and the exit code that the chosen command sets: 0 done, 1 the answer is no, 2 it could not be asked.
struct Context {
  std::string server = "127.0.0.1:7070";
  std::string server_ca;     // PEM; TLS if set
  std::string operator_key;  // PEM, of the issuer "operator"
  std::string as;            // SUBJECT:ROLE, for what an operator may not see
  std::string key;           // PEM, of `issuer`
  std::string issuer = "bridge";
  bool json = false;
  int exit_code = 0;
};

// Adds --server, --operator-key and the others.
void AddGlobalOptions(CLI::App& app, Context* context);

// A client calling as the operator. InvalidArgument if no key was given; the errors of reading it.
absl::StatusOr<std::unique_ptr<client::Client>> ConnectAsOperator(const Context& context);

// A client calling as `--as SUBJECT:ROLE`, signed with `--key` for `--issuer`.
absl::StatusOr<std::unique_ptr<client::Client>> ConnectAsPerson(const Context& context);

// A client calling as nobody, for what is public.
absl::StatusOr<std::unique_ptr<client::Client>> ConnectAsNobody(const Context& context);

// Prints an error, as JSON if asked, and returns exit code 2.
int Fail(const Context& context, const absl::Status& status);
// The same for a refused call; exit code 1.
int Fail(const Context& context, const client::Error& error);

// Prints a reply as one line of JSON, fields as the proto names them.
void PrintJson(const google::protobuf::Message& message);

// "12.34" of 1234 hundredths; with `plus`, "+12.34".
std::string FormatPoints(int64_t hundredths, bool plus = false);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_COMMANDS_CONTEXT_H_
