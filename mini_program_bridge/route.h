// From an HTTP method and path to an RPC. Templates are those of the `http` option, a part of google.api.http's grammar:
//
//   Template = "/" Segment { "/" Segment } [ ":" Verb ]
//   Segment  = Literal | "{" Field [ "=" Part { "/" Part } ] "}"      Part = Literal | "*"       {x} is {x=*}
//
// A `*` takes exactly one segment, not empty, without `/` even when percent-encoded. Of two templates that fit, the one with a literal
// at the first difference wins; two that are the same keep the bridge from starting.
//
//   absl::StatusOr<RouteTable> table = RouteTable::Build(descriptors.services());
//   RouteMatch match = table->Find("GET", "/v1/households/10000001/balance");
//
// Immutable once built; safe to share between threads.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_ROUTE_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_ROUTE_H_

#include <google/protobuf/descriptor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include "absl/strings/string_view.h"

#include "absl/status/statusor.h"

namespace fenfen::bridge {

// A request field taken from the path.
struct PathBinding {
  // Dotted path of the field in the request; only fields at its top are bound, so this is a name.
  std::string field;
  // The first segment it covers, and how many.
  int first = 0;
  int count = 0;
};

// A template, taken apart.
struct PathTemplate {
  // Literals; an empty string stands for `*`.
  std::vector<std::string> segments;
  std::vector<PathBinding> bindings;
  std::string verb;
};

// Errors: InvalidArgument saying what is wrong and where.
absl::StatusOr<PathTemplate> ParsePathTemplate(absl::string_view text);

// One RPC's way in.
struct Route {
  const google::protobuf::MethodDescriptor* method = nullptr;
  // "/fenfen.v1.DropService/RecordDrop", as gRPC names it.
  std::string rpc;
  // "GET" or "POST".
  std::string verb;
  // As written in the option; what logs and metrics show in place of the path.
  std::string text;
  PathTemplate path;
  // The bound fields, in the order of `path.bindings`.
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  // No token needed.
  bool is_public = false;
  // Seconds; 0 = no-store.
  int max_age_seconds = 0;
};

// What was found.
struct RouteMatch {
  // Null if nothing is at this address, or nothing for this method.
  const Route* route = nullptr;
  // The values of route->fields, decoded.
  std::vector<std::string> values;
  // The methods that this address takes; empty if there is no such address.
  std::vector<std::string> allowed;
};

class RouteTable {
 public:
  // Errors: InvalidArgument naming the method whose `http` option is not right (bad template, unknown field, streaming, taken path).
  static absl::StatusOr<RouteTable> Build(const std::vector<const google::protobuf::ServiceDescriptor*>& services);

  // `path` is the target's path as it came, percent-encoded, without the query.
  RouteMatch Find(absl::string_view verb, absl::string_view path) const;

  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> any;
    // By verb suffix, then by HTTP method.
    std::map<std::string, std::map<std::string, const Route*>, std::less<>> ends;
  };

  absl::Status Add(const google::protobuf::MethodDescriptor* method);
  static const std::map<std::string, const Route*>* Walk(const Node& node, const std::vector<std::string>& segments, std::size_t at,
                                                         absl::string_view verb);

  std::vector<std::unique_ptr<Route>> routes_;
  Node root_;
};

// Decodes %XX; nullopt where it is malformed. `plus_is_space` for queries.
std::optional<std::string> PercentDecode(absl::string_view text, bool plus_is_space);

// Splits a query into decoded names and values, in order; nullopt where an escape is malformed.
std::optional<std::vector<std::pair<std::string, std::string>>> ParseQuery(absl::string_view query);

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_ROUTE_H_
