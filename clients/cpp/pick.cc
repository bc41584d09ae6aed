#include "clients/cpp/pick.h"

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "google/protobuf/message.h"

namespace fenfen::client {

namespace {

constexpr uint64_t kPartitions = 256;
constexpr char kCapture[] = "fenfen.v1.CaptureVoucherRequest";
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

AffinityKey AffinityOfVoucherCode(absl::string_view code) {
  constexpr absl::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  if (!absl::ConsumePrefix(&code, "FV1.")) absl::ConsumePrefix(&code, "fv1.");
  uint64_t bits = 0;
  int digits = 0;
  // The first of the code's bytes, in its first two digits, is the partition.
  for (size_t i = 0; i < code.size() && digits < 2; ++i) {
    char c = absl::ascii_toupper(static_cast<unsigned char>(code[i]));
    if (c == '-' || c == ' ') continue;
    if (c == 'O') c = '0';
    if (c == 'I' || c == 'L') c = '1';
    const size_t digit = kDigits.find(c);
    if (digit == absl::string_view::npos) return std::nullopt;
    bits = bits << 5 | digit;
    ++digits;
  }
  return digits == 2 ? AffinityKey(bits >> 2) : std::nullopt;
}

AffinityKey AffinityOfRequest(const google::protobuf::Message& request) {
  const google::protobuf::Descriptor* type = request.GetDescriptor();
  for (const char* name : {"household", "name", "code"}) {
    const google::protobuf::FieldDescriptor* field = type->FindFieldByName(name);
    if (field == nullptr || field->is_repeated() || field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) continue;
    std::string scratch;
    const std::string& value = request.GetReflection()->GetStringReference(request, field, &scratch);
    if (field->name() == "code" && type->full_name() != kCapture) continue;
    const AffinityKey key = field->name() == "code" ? AffinityOfVoucherCode(value) : AffinityOfName(value);
    if (key.has_value()) return key;
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
