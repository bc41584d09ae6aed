// RedisCommand and RedisReply: one request and its answer, over hiredis's formatter and reader.
//
//   RedisCommand command{"HMGET", key, "seq"};
//   reply[0].integer()
#pragma once

#include <hiredis/hiredis.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

namespace fenfen {

// The command's words; they may hold any bytes.
using RedisCommand = std::vector<std::string>;

// Looks at a reply or a part of it. What is not of the asked type, or not there, is empty or zero: a reply comes from a server that may be
// anything, so nothing here may crash.
class RedisValue {
 public:
  explicit RedisValue(const redisReply* reply) : reply_(reply) {}

  bool is_error() const { return is(REDIS_REPLY_ERROR); }
  bool is_nil() const { return reply_ == nullptr || is(REDIS_REPLY_NIL); }
  bool is_array() const { return is(REDIS_REPLY_ARRAY); }
  bool is_integer() const { return is(REDIS_REPLY_INTEGER); }
  // Of a string, a status or an error.
  absl::string_view text() const {
    if (!is(REDIS_REPLY_STRING) && !is(REDIS_REPLY_STATUS) && !is(REDIS_REPLY_ERROR)) return {};
    return {reply_->str, reply_->len};
  }
  // An integer, or a string that is one.
  int64_t integer() const {
    int64_t value = 0;
    if (is(REDIS_REPLY_INTEGER)) return reply_->integer;
    return absl::SimpleAtoi(text(), &value) ? value : 0;
  }
  size_t size() const { return is_array() ? reply_->elements : 0; }
  RedisValue operator[](size_t i) const { return RedisValue(i < size() ? reply_->element[i] : nullptr); }

 private:
  bool is(int type) const { return reply_ != nullptr && reply_->type == type; }
  const redisReply* reply_;
};

// Owns it.
class RedisReply {
 public:
  explicit RedisReply(redisReply* reply) : reply_(reply) {}
  RedisValue value() const { return RedisValue(reply_.get()); }
  RedisValue operator[](size_t i) const { return value()[i]; }

 private:
  struct Free {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  std::unique_ptr<redisReply, Free> reply_;
};

// Appends the command as it goes over the wire. At most about 10^6 words (Redis's own limit).
inline void AppendCommand(const RedisCommand& command, std::string& out) {
  std::vector<const char*> words;
  std::vector<size_t> sizes;
  words.reserve(command.size());
  sizes.reserve(command.size());
  for (const std::string& word : command) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* formatted = nullptr;
  const int size = redisFormatCommandArgv(&formatted, static_cast<int>(command.size()), words.data(), sizes.data());
  if (size > 0) out.append(formatted, static_cast<size_t>(size));
  redisFreeCommand(formatted);
}

}  // namespace fenfen
