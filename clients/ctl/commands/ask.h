// One call and its reply, as every command that asks does it.
#ifndef FENFEN_CLIENTS_CTL_COMMANDS_ASK_H_
#define FENFEN_CLIENTS_CTL_COMMANDS_ASK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/cpp/client.h"
#include "clients/ctl/commands/context.h"

namespace fenfen::ctl {

// A resource's name from what was typed: `households/7` of "7", and of itself.
inline std::string Named(absl::string_view collection, const std::string& text) {
  return absl::StrContains(text, '/') ? text : absl::StrCat(collection, "/", text);
}

// Calls `method` and hands a good reply to `show`, or prints it as JSON where that was asked for. The exit code.
template <typename Method, typename Request, typename Show>
int AskWith(const Context& context, const absl::StatusOr<std::unique_ptr<client::Client>>& client, Method method, const Request& request,
            Show show) {
  if (!client.ok()) return Fail(context, client.status());
  const auto reply = (*client)->Call(method, request);
  if (!reply.ok()) return Fail(context, reply.error());
  if (context.json) {
    PrintJson(*reply);
  } else {
    show(*reply);
  }
  return 0;
}

// The same as the person of --as.
template <typename Method, typename Request, typename Show>
int Ask(const Context& context, Method method, const Request& request, Show show) {
  return AskWith(context, ConnectAsPerson(context), method, request, show);
}

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_COMMANDS_ASK_H_
