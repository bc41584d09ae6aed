#include "ledger/state/redis/library.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/state/redis/redis_fault.h"

// Written by embedded_library.S.
extern "C" const char fenfen_library_begin[];
extern "C" const char fenfen_library_end[];

namespace fenfen {

absl::string_view LibraryText() { return {fenfen_library_begin, static_cast<size_t>(fenfen_library_end - fenfen_library_begin)}; }

int LibraryVersion() {
  constexpr absl::string_view kLine = "local VERSION = ";
  const absl::string_view text = LibraryText();
  const size_t at = text.find(kLine);
  FENFEN_CHECK(at != absl::string_view::npos);
  const absl::string_view rest = text.substr(at + kLine.size());
  int version = 0;
  FENFEN_CHECK(absl::SimpleAtoi(rest.substr(0, rest.find('\n')), &version));
  return version;
}

// A user that may only call the functions gets by, where an administrator has loaded them.
absl::Status EnsureLibrary(RedisClient& client, RedisClient::SessionId session) {
  const absl::StatusOr<RedisReply> reply = client.Call(session, {"FCALL", "fenfen_version", "0"});
  const RedisFault fault = FaultOf(reply.status());
  if (!reply.ok() && fault != RedisFault::kFunctionMissing) return reply.status();
  RedisCommand load{"FUNCTION", "LOAD"};
  if (reply.ok()) {
    const int64_t version = (*reply)[1].integer();
    if ((*reply)[0].text() != "fenfen" || !(*reply)[1].is_integer()) {
      return RedisError(RedisFault::kForeign, "its function fenfen_version is someone else's");
    }
    if (version == LibraryVersion()) return absl::OkStatus();
    if (version > LibraryVersion()) {
      return RedisError(RedisFault::kForeign, absl::StrCat("its library fenfen has version ", version, ", newer than our ",
                                                           LibraryVersion(), "; update this program"));
    }
    load.push_back("REPLACE");
  }
  load.emplace_back(LibraryText());
  const absl::StatusOr<RedisReply> loaded = client.Call(session, load);
  if (loaded.ok()) return absl::OkStatus();
  const absl::string_view why = loaded.status().message();
  if (!absl::StrContains(why, "already exists")) return loaded.status();
  // Another server of ours may have been quicker; or it is a library that we know nothing of.
  const absl::StatusOr<RedisReply> again = client.Call(session, {"FCALL", "fenfen_version", "0"});
  if (again.ok() && (*again)[0].text() == "fenfen" && (*again)[1].integer() == LibraryVersion()) return absl::OkStatus();
  return RedisError(RedisFault::kForeign, absl::StrCat("a library or function of the name fenfen is someone else's: ", why));
}

}  // namespace fenfen
