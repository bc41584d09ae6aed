#include "clients/station/device.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace fenfen::station {

namespace {

constexpr absl::Duration kTokenLife = absl::Hours(1);

absl::Status CheckId(absl::string_view what, const std::string& id) {
  const bool good = !id.empty() && id.size() <= 32 &&
                    std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " \"", id, "\" is not an id: 1 to 32 letters, digits, underscores or hyphens"));
}

std::string Member(const boost::json::object& object, const char* name) {
  const boost::json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

}  // namespace

absl::StatusOr<Device> CreateDevice(const std::string& folder, const std::string& device, const std::string& station) {
  absl::Status good = CheckId("device", device);
  if (good.ok()) good = CheckId("station", station);
  if (!good.ok()) return good;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::ErrnoToStatus(error.value(), folder);
  absl::StatusOr<client::Ed25519Key> key = client::Ed25519Key::Generate();
  if (!key.ok()) return key.status();
  absl::Status written = client::WriteNewFile(absl::StrCat(folder, "/key.pem"), key->PrivatePem(), /*secret=*/true);
  if (!written.ok()) return written;
  const boost::json::object about = {{"device", device}, {"station", station}};
  written = client::WriteNewFile(absl::StrCat(folder, "/device.json"), boost::json::serialize(about) + "\n", /*secret=*/false);
  if (!written.ok()) return written;
  return Device{folder, absl::StrCat("devices/", device), absl::StrCat("stations/", station), *std::move(key)};
}

absl::StatusOr<Device> LoadDevice(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/device.json");
  const absl::StatusOr<std::string> text = client::ReadKeyFile(path, /*secret=*/false);
  if (!text.ok()) return text.status();
  boost::system::error_code error;
  const boost::json::value about = boost::json::parse(*text, error);
  if (error || !about.is_object()) return absl::InvalidArgumentError(absl::StrCat(path, ": not a JSON object"));
  const std::string device = Member(about.as_object(), "device");
  const std::string station = Member(about.as_object(), "station");
  absl::Status good = CheckId("device", device);
  if (good.ok()) good = CheckId("station", station);
  if (!good.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", good.message()));
  absl::StatusOr<client::Ed25519Key> key = client::Ed25519Key::FromPemFile(absl::StrCat(folder, "/key.pem"));
  if (!key.ok()) return key.status();
  return Device{folder, absl::StrCat("devices/", device), absl::StrCat("stations/", station), *std::move(key)};
}

absl::StatusOr<std::vector<Device>> LoadFleet(const std::string& folder) {
  std::vector<std::string> folders;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (std::filesystem::exists(entry.path() / "device.json")) folders.push_back(entry.path().string());
  }
  if (error) return absl::ErrnoToStatus(error.value(), folder);
  std::sort(folders.begin(), folders.end());
  std::vector<Device> devices;
  for (const std::string& each : folders) {
    absl::StatusOr<Device> device = LoadDevice(each);
    if (!device.ok()) return device.status();
    devices.push_back(*std::move(device));
  }
  if (devices.empty()) return absl::NotFoundError(absl::StrCat(folder, ": no folder in it holds a device.json"));
  return devices;
}

client::TokenSource DeviceTokens(const Device& device, client::Clock clock) {
  // The issuer is never empty, which is all that could fail.
  return client::MintedTokens(*client::TokenSigner::FromKey(device.key, device.name), device.name, "DEVICE", kTokenLife, std::move(clock));
}

}  // namespace fenfen::station
