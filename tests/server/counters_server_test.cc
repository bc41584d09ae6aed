// Leaderboards and roll-ups in Redis, as another program reads them: counted once however many servers there are, and again to the same
// where Redis has lost them.
#include <gtest/gtest.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/server/drop_load.h"
#include "tests/server/shared_deployment.h"

namespace fenfen::server {
namespace {

constexpr int kTries = 6000;  // 120 s
constexpr int kMoments = 5;

// The sum of the roll-ups' drops, over all partitions; and a digest of every counter, key by key.
constexpr char kDropsCounted[] =
    "local sum = 0 for _, key in ipairs(redis.call('KEYS', ARGV[1] .. 'rollup:*')) do local all = redis.call('HGETALL', key)"
    " if string.match(key, ':regions/') then all = {} end"
    " for i = 1, #all, 2 do if string.sub(all[i], 1, 6) == 'drops/' then sum = sum + tonumber(all[i + 1]) end end end return sum";
constexpr char kDigest[] =
    "local lines = {} for _, key in ipairs(redis.call('KEYS', ARGV[1] .. 'rollup:*')) do local all = redis.call('HGETALL', key)"
    " for i = 1, #all, 2 do lines[#lines + 1] = key .. ' ' .. all[i] .. ' ' .. all[i + 1] end end"
    " for _, key in ipairs(redis.call('KEYS', ARGV[1] .. 'board:*')) do local all = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')"
    " for i = 1, #all, 2 do lines[#lines + 1] = key .. ' ' .. all[i] .. ' ' .. all[i + 1] end end"
    " table.sort(lines) return redis.sha1hex(table.concat(lines, '\\n')) .. '/' .. #lines";

class CountersServerTest : public SharedDeployment {
 protected:
  // A killed server keeps the job from the other one for a lease's time; and what Redis has lost is looked at in every tenth idle run.
  CountersServerTest() {
    for (TestServer* server : {&a_, &b_}) server->AddConfig("[timers]\nlease = \"5s\"\nperiods = { count = \"200ms\" }\n");
  }
  std::string Eval(const char* script) { return redis_->Type({"EVAL", script, "0", absl::StrCat("fenfen:{", database_, ".*}:")}); }
  std::string DropsJournaled() { return Ask("SELECT count(*) FROM fenfen.entries WHERE kind = 3"); }
  void AwaitAllCounted() {
    const std::string journaled = DropsJournaled();
    for (int i = 0; i < kTries && Eval(kDropsCounted) != journaled; ++i) absl::SleepFor(absl::Milliseconds(20));
    ASSERT_EQ(Eval(kDropsCounted), journaled);
  }
};

TEST_F(CountersServerTest, CountedOnceAndAgainToTheSameWhereRedisWasEmptied) {
  StartBoth();
  DropLoad load(a_, {a_.address(), b_.address()});
  for (int moment = 0; moment < kMoments; ++moment) {
    load.Await(40);
    redis_->Type({"FLUSHALL"});
  }
  load.Await(40);
  load.Stop();
  AwaitAllCounted();
  const std::string before = Eval(kDigest);
  redis_->Type({"FLUSHALL"});
  AwaitAllCounted();
  // The sum of drops is complete before the last partition's boards may be: each partition is counted in one call, so it is not.
  EXPECT_EQ(Eval(kDigest), before);
}

TEST_F(CountersServerTest, AnotherServerGoesOnCounting) {
  StartBoth();
  DropLoad load(a_, {b_.address()});
  load.Await(20);
  a_.Kill();
  load.Await(20);
  load.Stop();
  AwaitAllCounted();
}

}  // namespace
}  // namespace fenfen::server
