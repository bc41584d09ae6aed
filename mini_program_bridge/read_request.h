// A request's fields, from everywhere that HTTP puts them: the path, then the query (GET) or the JSON body (POST).
// Functions are pure and safe to call from any thread.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_READ_REQUEST_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_READ_REQUEST_H_

#include <google/protobuf/message.h>

#include <memory>
#include <variant>

#include "absl/strings/string_view.h"
#include "mini_program_bridge/api_descriptors.h"
#include "mini_program_bridge/refusal.h"
#include "mini_program_bridge/route.h"

namespace fenfen::bridge {

// The request message of `match.route`, checked as far as the `field` options go. Refusals in this order: CONTENT_TYPE, BODY_NOT_JSON,
// those of ReadJson, of the path, of the query, FIELD_MISSING.
std::variant<std::unique_ptr<google::protobuf::Message>, Refusal> ReadRequest(const ApiDescriptors& api, const RouteMatch& match,
                                                                              absl::string_view query, absl::string_view content_type,
                                                                              absl::string_view body);

// True for application/json, in UTF-8 if it says so.
bool IsJsonContent(absl::string_view content_type);

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_READ_REQUEST_H_
