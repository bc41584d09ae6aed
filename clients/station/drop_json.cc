#include "clients/station/drop_json.h"

#include <boost/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace fenfen::station {

namespace {

constexpr int64_t kHouseholdMax = (int64_t{1} << 53) - 1;
constexpr int64_t kGramsMax = int64_t{1} << 31;
constexpr int64_t kMemberMax = 20;

absl::Status Bad(absl::string_view member, absl::string_view zh, absl::string_view en) {
  return absl::InvalidArgumentError(absl::StrCat("“", member, "”", zh, " / ", member, " ", en));
}

absl::Status TakeInteger(const boost::json::value& value, absl::string_view name, int64_t min, int64_t max, int64_t* into) {
  if (!value.is_int64()) return Bad(name, "应为整数", "should be a whole number");
  if (value.as_int64() < min || value.as_int64() > max) {
    return Bad(name, absl::StrCat("超出范围 ", min, "–", max), absl::StrCat("is outside ", min, " to ", max));
  }
  *into = value.as_int64();
  return absl::OkStatus();
}

absl::Status TakeMember(absl::string_view name, const boost::json::value& value, ParsedDrop* parsed, absl::Time* time) {
  const std::string text = value.is_string() ? std::string(value.as_string()) : "";
  int64_t number = 0;
  if (name == "device") {
    parsed->device = std::string(absl::StripPrefix(text, "devices/"));
    return parsed->device.empty() ? Bad(name, "应为设备编号", "should be a device's id") : absl::OkStatus();
  }
  if (name == "household") {
    const absl::Status taken = TakeInteger(value, name, 1, kHouseholdMax, &number);
    parsed->drop.set_household(number);
    return taken;
  }
  if (name == "member") {
    const absl::Status taken = TakeInteger(value, name, 0, kMemberMax, &number);
    parsed->drop.set_member(static_cast<int32_t>(number));
    return taken;
  }
  if (name == "grams") {
    const absl::Status taken = TakeInteger(value, name, 0, kGramsMax, &number);
    parsed->drop.set_weight_grams(number);
    return taken;
  }
  if (name == "category") {
    parsed->drop.set_category(CategoryOf(text));
    const bool known = parsed->drop.category() != v1::CATEGORY_UNSPECIFIED;
    return known ? absl::OkStatus() : Bad(name, "没有这个垃圾类别", "is not a category of waste");
  }
  if (name == "time") {
    std::string error;
    const bool read = absl::ParseTime(absl::RFC3339_full, text, time, &error);
    return read ? absl::OkStatus() : Bad(name, "应为 RFC 3339 时间", "should be a time as in RFC 3339");
  }
  return Bad(name, "不认识", "is not a member of a drop");
}

}  // namespace

v1::Category CategoryOf(absl::string_view word) {
  static constexpr std::pair<const char*, v1::Category> kWords[] = {
      {"FOOD", v1::CATEGORY_FOOD},           {"RECYCLABLE", v1::CATEGORY_RECYCLABLE},
      {"HAZARDOUS", v1::CATEGORY_HAZARDOUS}, {"RESIDUAL", v1::CATEGORY_RESIDUAL},
      {"BULKY", v1::CATEGORY_BULKY},         {"RENOVATION", v1::CATEGORY_RENOVATION},
      {"厨余", v1::CATEGORY_FOOD},           {"可回收物", v1::CATEGORY_RECYCLABLE},
      {"有害", v1::CATEGORY_HAZARDOUS},      {"其他", v1::CATEGORY_RESIDUAL},
      {"大件", v1::CATEGORY_BULKY},          {"装修", v1::CATEGORY_RENOVATION}};
  absl::ConsumePrefix(&word, "CATEGORY_");
  for (const auto& [name, category] : kWords) {
    if (word == name) return category;
  }
  return v1::CATEGORY_UNSPECIFIED;
}

absl::StatusOr<ParsedDrop> ParseDropLine(absl::string_view line, absl::Time now) {
  if (line.size() > kDropLineBytesMax) return absl::InvalidArgumentError("一行太长 / the line is too long");
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse({line.data(), line.size()}, error);
  if (error || !value.is_object()) return absl::InvalidArgumentError("不是 JSON 对象 / not a JSON object");
  ParsedDrop parsed;
  absl::Time time = now;
  for (const auto& [name, member] : value.as_object()) {
    const absl::Status taken = TakeMember(absl::string_view(name.data(), name.size()), member, &parsed, &time);
    if (!taken.ok()) return taken;
  }
  if (parsed.drop.household() == 0) return Bad("household", "缺少", "is missing");
  if (parsed.drop.category() == v1::CATEGORY_UNSPECIFIED) return Bad("category", "缺少", "is missing");
  parsed.drop.set_event_time_micros(absl::ToUnixMicros(time));
  return parsed;
}

}  // namespace fenfen::station
