// A device as a folder: `device.json` {"device": ID, "station": ID}, `key.pem` (its Ed25519 private key, 0600), `queue/`, and
// `rejected.jsonl` (events that the server refused, with the reason).
//
// Thread-safe: immutable once loaded.
#ifndef FENFEN_CLIENTS_STATION_DEVICE_H_
#define FENFEN_CLIENTS_STATION_DEVICE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/key_file.h"
#include "clients/cpp/token.h"

namespace fenfen::station {

// One device.
struct Device {
  std::string folder;
  std::string name;     // `devices/{device}`
  std::string station;  // `stations/{station}`
  client::Ed25519Key key;

  std::string queue_folder() const { return folder + "/queue"; }
  std::string rejected_file() const { return folder + "/rejected.jsonl"; }
};

// Makes a device's folder with a new key. AlreadyExists if it has one; InvalidArgument for ids that are none.
absl::StatusOr<Device> CreateDevice(const std::string& folder, const std::string& device, const std::string& station);

// Loads a device. Errors name the file.
absl::StatusOr<Device> LoadDevice(const std::string& folder);

// Loads every subfolder that holds a device.json, by name. The first error ends it.
absl::StatusOr<std::vector<Device>> LoadFleet(const std::string& folder);

// The device's own tokens.
client::TokenSource DeviceTokens(const Device& device, client::Clock clock);

}  // namespace fenfen::station

#endif  // FENFEN_CLIENTS_STATION_DEVICE_H_
