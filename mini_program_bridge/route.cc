#include "mini_program_bridge/route.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fenfen/v1/options.pb.h"

namespace fenfen::bridge {
namespace {

// Deeper paths than any template are cut off before they are looked at.
constexpr std::size_t kSegmentsMax = 32;

bool IsLiteral(absl::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-' && c != '.') return false;
  }
  return true;
}

absl::Status BadTemplate(absl::string_view text, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("path template \"", text, "\": ", what));
}

}  // namespace

absl::StatusOr<PathTemplate> ParsePathTemplate(absl::string_view text) {
  PathTemplate out;
  absl::string_view rest = text;
  // The verb follows the last `:`, which no segment holds.
  if (const std::size_t colon = rest.rfind(':'); colon != absl::string_view::npos) {
    out.verb = std::string(rest.substr(colon + 1));
    if (!IsLiteral(out.verb)) return BadTemplate(text, "the verb is not a word");
    rest = rest.substr(0, colon);
  }
  while (!rest.empty()) {
    if (rest.front() != '/') return BadTemplate(text, "a segment does not start with '/'");
    rest.remove_prefix(1);
    if (rest.empty() || rest.front() != '{') {
      const std::size_t end = std::min(rest.find('/'), rest.size());
      if (!IsLiteral(rest.substr(0, end))) return BadTemplate(text, "a segment is not a word");
      out.segments.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end);
      continue;
    }
    const std::size_t close = rest.find('}');
    if (close == absl::string_view::npos) return BadTemplate(text, "'{' without '}'");
    const std::pair<absl::string_view, absl::string_view> variable = absl::StrSplit(rest.substr(1, close - 1), absl::MaxSplits('=', 1));
    rest.remove_prefix(close + 1);
    const absl::string_view pattern = variable.second.empty() ? "*" : variable.second;
    PathBinding binding = {std::string(variable.first), static_cast<int>(out.segments.size()), 0};
    if (!IsLiteral(binding.field)) return BadTemplate(text, "a variable has no name");
    for (const absl::string_view part : absl::StrSplit(pattern, '/')) {
      if (part != "*" && !IsLiteral(part)) return BadTemplate(text, "a variable's part is neither a word nor '*'");
      out.segments.emplace_back(part == "*" ? "" : part);
      ++binding.count;
    }
    out.bindings.push_back(std::move(binding));
  }
  if (out.segments.empty()) return BadTemplate(text, "it is empty");
  return out;
}

absl::Status RouteTable::Add(const google::protobuf::MethodDescriptor* method) {
  if (!method->options().HasExtension(v1::http)) return absl::OkStatus();
  const v1::Http& http = method->options().GetExtension(v1::http);
  auto route = std::make_unique<Route>();
  route->method = method;
  route->rpc = absl::StrCat("/", method->service()->full_name(), "/", method->name());
  route->verb = http.has_post() ? "POST" : "GET";
  route->text = http.has_post() ? http.post() : http.get();
  const v1::Access& access = method->options().GetExtension(v1::access);
  route->is_public = access.public_();
  route->max_age_seconds = http.max_age_seconds();
  if (method->client_streaming() || method->server_streaming()) {
    return absl::InvalidArgumentError(absl::StrCat(route->rpc, ": a streaming method has no place in HTTP"));
  }
  if (route->max_age_seconds < 0 || (route->max_age_seconds > 0 && (!route->is_public || route->verb != "GET"))) {
    return absl::InvalidArgumentError(absl::StrCat(route->rpc, ": max_age_seconds is for public reads alone"));
  }
  absl::StatusOr<PathTemplate> path = ParsePathTemplate(route->text);
  if (!path.ok()) return absl::InvalidArgumentError(absl::StrCat(route->rpc, ": ", path.status().message()));
  route->path = *std::move(path);
  for (const PathBinding& binding : route->path.bindings) {
    const google::protobuf::FieldDescriptor* field = method->input_type()->FindFieldByName(binding.field);
    if (field == nullptr || field->is_repeated() || field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      return absl::InvalidArgumentError(absl::StrCat(route->rpc, ": the request has no plain field ", binding.field));
    }
    route->fields.push_back(field);
  }
  Node* node = &root_;
  for (const std::string& segment : route->path.segments) {
    std::unique_ptr<Node>& next = segment.empty() ? node->any : node->literals[segment];
    if (next == nullptr) next = std::make_unique<Node>();
    node = next.get();
  }
  const Route*& end = node->ends[route->path.verb][route->verb];
  if (end != nullptr) return absl::InvalidArgumentError(absl::StrCat(route->rpc, ": its address is already that of ", end->rpc));
  end = route.get();
  routes_.push_back(std::move(route));
  return absl::OkStatus();
}

absl::StatusOr<RouteTable> RouteTable::Build(const std::vector<const google::protobuf::ServiceDescriptor*>& services) {
  RouteTable table;
  for (const google::protobuf::ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      if (absl::Status status = table.Add(service->method(i)); !status.ok()) return status;
    }
  }
  return table;
}

const std::map<std::string, const Route*>* RouteTable::Walk(const Node& node, const std::vector<std::string>& segments, std::size_t at,
                                                            absl::string_view verb) {
  if (at == segments.size()) {
    const auto end = node.ends.find(verb);
    return end == node.ends.end() ? nullptr : &end->second;
  }
  if (const auto next = node.literals.find(segments[at]); next != node.literals.end()) {
    if (const auto* found = Walk(*next->second, segments, at + 1, verb)) return found;
  }
  return node.any != nullptr && !segments[at].empty() ? Walk(*node.any, segments, at + 1, verb) : nullptr;
}

RouteMatch RouteTable::Find(absl::string_view verb, absl::string_view path) const {
  RouteMatch match;
  if (path.empty() || path.front() != '/') return match;
  absl::string_view suffix;
  if (const std::size_t colon = path.rfind(':'); colon != absl::string_view::npos && path.find('/', colon) == absl::string_view::npos) {
    suffix = path.substr(colon + 1);
    path = path.substr(0, colon);
    if (suffix.empty()) return match;
  }
  std::vector<std::string> segments;
  for (const absl::string_view part : absl::StrSplit(path.substr(1), '/')) {
    std::optional<std::string> decoded = PercentDecode(part, false);
    if (segments.size() == kSegmentsMax || !decoded.has_value() || decoded->find('/') != std::string::npos) return match;
    segments.push_back(*std::move(decoded));
  }
  const auto* found = Walk(root_, segments, 0, suffix);
  if (found == nullptr) return match;
  for (const auto& [name, route] : *found) match.allowed.push_back(name);
  const auto route = found->find(std::string(verb));
  if (route == found->end()) return match;
  match.route = route->second;
  for (const PathBinding& binding : match.route->path.bindings) {
    const auto first = segments.begin() + binding.first;
    match.values.push_back(absl::StrJoin(first, first + binding.count, "/"));
  }
  return match;
}

std::optional<std::string> PercentDecode(absl::string_view text, bool plus_is_space) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit(text[i + 1]), low = digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

std::optional<std::vector<std::pair<std::string, std::string>>> ParseQuery(absl::string_view query) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const absl::string_view part : absl::StrSplit(query, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
    std::optional<std::string> name = PercentDecode(pair.first, true), value = PercentDecode(pair.second, true);
    if (!name.has_value() || !value.has_value()) return std::nullopt;
    out.emplace_back(*std::move(name), *std::move(value));
  }
  return out;
}

}  // namespace fenfen::bridge
