// Fuzzes a whole HTTP request as the bridge reads it: any method, target and JSON body, against the real routes. What is accepted fits its
// route's type and limits, and can be written and read again as the same request.
//
// Input: one line of "METHOD target", then the body.
#include <algorithm>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "mini_program_bridge/api_descriptors.h"
#include "mini_program_bridge/json_body.h"
#include "mini_program_bridge/read_request.h"
#include "mini_program_bridge/route.h"
#include "mini_program_bridge/transcode.h"

namespace {

using fenfen::bridge::ApiDescriptors;
using fenfen::bridge::RouteTable;

struct Api {
  ApiDescriptors descriptors;
  RouteTable routes = *RouteTable::Build(descriptors.services());
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Api* const api = new Api;
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(input.find('\n'), size);
  const std::size_t blank = std::min(input.find(' '), line);
  const std::string target = input.substr(std::min(blank + 1, line), line - std::min(blank + 1, line));
  const std::string body = line < size ? input.substr(line + 1) : "";
  const std::size_t question = std::min(target.find('?'), target.size());
  const fenfen::bridge::RouteMatch match = api->routes.Find(input.substr(0, blank), target.substr(0, question));
  if (match.route == nullptr) return 0;
  if (match.values.size() != match.route->fields.size()) std::abort();
  const std::string query = question < target.size() ? target.substr(question + 1) : "";
  const auto read = fenfen::bridge::ReadRequest(api->descriptors, match, query, "application/json", body);
  if (read.index() != 0) return 0;
  const google::protobuf::Message& message = *std::get<0>(read);
  if (fenfen::bridge::CheckRequired(message).has_value()) std::abort();
  std::string text;
  fenfen::bridge::WriteJson(message, &text);
  boost::json::value json;
  const auto again = api->descriptors.NewMessage(message.GetDescriptor());
  if (fenfen::bridge::ParseJsonBody(text, &json).has_value() || fenfen::bridge::ReadJson(json, again.get()).has_value()) std::abort();
  if (again->SerializeAsString() != message.SerializeAsString()) std::abort();
  return 0;
}
