// Request ids: UUIDv7 (RFC 9562, section 5.7), lower case. One is made per intent and kept over every retry of it; that is what makes a
// retry harmless.
//
//   RequestIds ids = RequestIds::FromSystem();
//   request.set_request_id(ids.Next());
//
// RequestIds is thread-safe as far as its clock and random source are; the system ones are.
#ifndef FENFEN_CLIENTS_CPP_REQUEST_ID_H_
#define FENFEN_CLIENTS_CPP_REQUEST_ID_H_

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace fenfen::client {

// Tells the time. Injected so that tests own it.
using Clock = std::function<absl::Time()>;
// Gives 64 random bits.
using Random = std::function<uint64_t()>;

// 64 bits of the operating system's randomness.
uint64_t SystemRandom();

// The UUIDv7 of a time (milliseconds since 1970, 48 bits; clamped to that) and 74 of the 128 random bits.
std::string FormatUuid7(absl::Time time, uint64_t random_high, uint64_t random_low);

// The UUIDv7 of a time whose random bits come from a digest of at least 16 bytes: the same input gives the same id.
std::string DerivedUuid7(absl::Time time, absl::string_view digest);

// The time of a UUIDv7 in lower case; nothing if the text is not one.
std::optional<absl::Time> Uuid7Time(absl::string_view text);

// Makes request ids.
class RequestIds {
 public:
  RequestIds(Clock clock, Random random) : clock_(std::move(clock)), random_(std::move(random)) {}
  static RequestIds FromSystem() {
    return RequestIds([] { return absl::Now(); }, SystemRandom);
  }

  // A new id.
  std::string Next() const;

 private:
  Clock clock_;
  Random random_;
};

}  // namespace fenfen::client

#endif  // FENFEN_CLIENTS_CPP_REQUEST_ID_H_
