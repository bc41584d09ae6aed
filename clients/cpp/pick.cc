#include "clients/cpp/pick.h"

#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "google/protobuf/message.h"

namespace fenfen::client {

namespace {

constexpr uint64_t kPartitions = 256;
constexpr uint64_t kHouseholdMax = (uint64_t{1} << 53) - 1;

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014), with which the ledger, too, spreads households over partitions.
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

uint64_t Score(uint64_t server, uint64_t key) { return Mix(server ^ Mix(key)); }

}  // namespace

AffinityKey AffinityOfName(absl::string_view resource_name) {
  if (!absl::ConsumePrefix(&resource_name, "households/")) return std::nullopt;
  uint64_t number = 0;
  if (!absl::SimpleAtoi(resource_name.substr(0, resource_name.find('/')), &number)) return std::nullopt;
  if (number == 0 || number > kHouseholdMax) return std::nullopt;
  return Mix(number) % kPartitions;
}

AffinityKey AffinityOfRequest(const google::protobuf::Message& request) {
  for (const char* name : {"household", "name"}) {
    const google::protobuf::FieldDescriptor* field = request.GetDescriptor()->FindFieldByName(name);
    if (field == nullptr || field->is_repeated() || field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) continue;
    std::string scratch;
    const std::string& value = request.GetReflection()->GetStringReference(request, field, &scratch);
    if (const AffinityKey key = AffinityOfName(value); key.has_value()) return key;
  }
  return std::nullopt;
}

// FNV-1a, finished so that every bit of the text reaches every bit of the hash.
uint64_t AffinityOfText(absl::string_view text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return Mix(hash);
}

size_t Pick(absl::Span<const Standing> servers, AffinityKey key, ServerSet tried, uint64_t turn) {
  const auto grade = [&](size_t i) { return std::pair(servers[i].rank, (tried & Only(i)) != 0); };
  auto best = grade(0);
  uint64_t equals = 0;
  for (size_t i = 0; i < servers.size(); ++i) {
    if (grade(i) < best) {
      best = grade(i);
      equals = 0;
    }
    if (grade(i) == best) ++equals;
  }
  const uint64_t wanted = turn % equals;
  size_t picked = 0;
  uint64_t highest = 0, passed = 0;
  for (size_t i = 0; i < servers.size(); ++i) {
    if (grade(i) != best) continue;
    const uint64_t score = key.has_value() ? Score(servers[i].hash, *key) : passed == wanted;
    if (passed++ == 0 || score > highest) {
      picked = i;
      highest = score;
    }
  }
  return picked;
}

}  // namespace fenfen::client
