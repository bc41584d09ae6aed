// Codes that people scan: a station's rotating code and a voucher's one-time code (docs/formats/station_code.md, voucher_code.md), and the
// keyed hashes under which the ledger knows cards, doors and WeChat subjects. Pure functions of a key; thread-safe.
//
//   std::string text = MakeStationCode(key, "ab-12", StationStepAt(now));          // "FS1.ab-12.58203344.k5x…"
//   std::optional<StationCode> code = ReadStationCode(key, text);                   // nullopt: forged, or not a code at all
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ledger/core/ids.h"

namespace fenfen {

// How long a station shows one code.
inline constexpr absl::Duration kStationStep = absl::Seconds(30);

// The step that an instant lies in, and when a step begins.
uint64_t StationStepAt(absl::Time time);
absl::Time StationStepBegin(uint64_t step);

// A code whose MAC holds. Whether it is still good at a given time is the decision's to say.
struct StationCode {
  std::string station;  // the station's id, without "stations/"
  uint64_t step = 0;
};

// `key`: the server's codes key, 32 bytes. `station`: the id without "stations/".
std::string MakeStationCode(absl::string_view key, absl::string_view station, uint64_t step);
// nullopt for anything that MakeStationCode did not make with this key.
std::optional<StationCode> ReadStationCode(absl::string_view key, absl::string_view text);

// Whether a code's step is the present one or next to it; STATION_CODE_EXPIRED. A drop without a code (nullopt) passes. Asked within the
// decision, after the request key, so that a repetition gets its former reply however late it comes.
absl::Status CheckStationStep(std::optional<uint64_t> step, absl::Time now);

// A voucher as the resident's screen shows it: good for its step and the one after, so that a photo of it is soon worth nothing.
inline constexpr absl::Duration kScreenStep = absl::Seconds(30);
uint64_t ScreenStepAt(absl::Time time);
absl::Time ScreenStepBegin(uint64_t step);
struct ScreenCode {
  VoucherId voucher;
  uint64_t step = 0;
};
// "FW1." and 32 characters.
std::string MakeScreenCode(absl::string_view key, VoucherId voucher, uint64_t step);
// nullopt for anything that MakeScreenCode did not make with this key; hyphens, spaces and case as with ReadVoucherCode.
std::optional<ScreenCode> ReadScreenCode(absl::string_view key, absl::string_view text);
// Whether a code's step is the present one or the one before, or the next, of a server whose clock is a little ahead; VOUCHER_CODE_EXPIRED.
// Asked within the decision, as CheckStationStep.
absl::Status CheckScreenStep(std::optional<uint64_t> step, absl::Time now);

// "7Q2K5-0000-0000-…": 21 characters in groups of 5-4-4-4-4.
std::string MakeVoucherCode(absl::string_view key, VoucherId voucher);
// The voucher of a code, with or without "FV1."; hyphens and spaces are ignored, case is folded, O reads as 0, I and L as 1. nullopt
// where the MAC does not hold.
std::optional<VoucherId> ReadVoucherCode(absl::string_view key, absl::string_view text);

// The same form for an invitation to a household (docs/formats/invitation_code.md), with or without "FI1.". Neither reads the other's.
std::string MakeInvitationCode(absl::string_view key, uint64_t invitation);
std::optional<uint64_t> ReadInvitationCode(absl::string_view key, absl::string_view text);

// The same form for the tag printed on a bag (docs/formats/bag_tag.md), with or without "FB1.".
std::string MakeBagTag(absl::string_view key, uint64_t bag);
std::optional<uint64_t> ReadBagTag(absl::string_view key, absl::string_view text);

// Keyed hashes, 64 bits, never 0. `key`: the server's lookups key, 32 bytes.
uint64_t HashCard(absl::string_view key, absl::string_view card);
uint64_t HashDoor(absl::string_view key, absl::string_view region, absl::string_view door);
uint64_t HashSubject(absl::string_view key, absl::string_view wechat_subject);

}  // namespace fenfen
