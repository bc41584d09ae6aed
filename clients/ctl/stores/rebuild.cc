#include "clients/ctl/stores/rebuild.h"

#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/engine/engine.h"
#include "ledger/engine/engine_tail.h"
#include "ledger/state/redis/redis_state.h"

namespace fenfen::ctl {

namespace {

constexpr absl::Duration kRebuildAnswerMax = absl::Seconds(30);

// Compares what is there with the fold, and refuses what must not be touched.
absl::StatusOr<RebuildReport> LookAtAll(RedisBooks& books, uint64_t journal_id, const JournalSummary& fold) {
  RebuildReport report;
  for (uint16_t p = 0; p < kPartitions; ++p) {
    report.transactions += fold[p].last.value();
    const absl::StatusOr<RedisBooks::Place> place = books.Look(PartitionId(p));
    if (!place.ok()) return place.status();
    if (!place->there) {
      report.missing.push_back(p);
      continue;
    }
    if (place->journal != journal_id) {
      return absl::FailedPreconditionError(absl::StrCat("分区 ", p, " 的键属于另一个日志 ", place->journal,
                                                        "，请换 redis.deployment / the keys of partition ", p,
                                                        " are those of another journal; choose another redis.deployment"));
    }
    if (place->last > fold[p].last) report.transactions_ahead += place->last.value() - fold[p].last.value();
    const absl::StatusOr<State::Digest> digest = books.DigestOf(PartitionId(p));
    if (!digest.ok() && !absl::IsDataLoss(digest.status()) && !absl::IsNotFound(digest.status())) return digest.status();
    if (digest.ok() && digest->sha256 == fold[p].state_sha256) {
      ++report.equal;
    } else {
      report.different.push_back(p);
    }
  }
  return report;
}

// A server's own way: the keeper finds nothing and begins every partition anew.
absl::Status Restore(Journal& journal, const RedisStateOptions& redis, absl::Duration timeout) {
  const SystemClock clock;
  EngineTail tail(journal);
  RedisState state(redis, tail);
  Engine engine(state, journal, clock, {});
  if (absl::Status status = engine.Start(); !status.ok()) return status;
  tail.Attach(engine);
  const absl::Status opened = state.AwaitOpen(timeout);
  const absl::Status stopped = engine.Stop();
  return opened.ok() ? stopped : opened;
}

}  // namespace

absl::StatusOr<RebuildReport> Rebuild(Journal& journal, const RedisStateOptions& redis, const RebuildOptions& options) {
  options.say("读取并折叠日志 / reading and folding the journal");
  const absl::StatusOr<JournalSummary> fold = Summarise(journal);
  if (!fold.ok()) return fold.status();
  const absl::StatusOr<std::unique_ptr<RedisBooks>> books = RedisBooks::Connect(redis, kRebuildAnswerMax);
  if (!books.ok()) return books.status();
  options.say("与 Redis 比较 / comparing with Redis");
  absl::StatusOr<RebuildReport> report = LookAtAll(**books, journal.Id(), *fold);
  if (!report.ok() || options.dry_run) return report;
  if (report->transactions_ahead > 0 && !options.although_ahead) {
    return absl::FailedPreconditionError(absl::StrCat(
        "Redis 里有 ", report->transactions_ahead,
        " 条日志没有的记录（从未确认）；启动一次服务器会写入日志，--force 则丢弃 / Redis has transactions that the journal lacks, "
        "which nobody was told of: a server that starts journals them, --force drops them"));
  }
  options.say(absl::StrCat("清空并恢复 ", kPartitions, " 个分区，", report->transactions, " 条记录 / taking away and restoring"));
  for (uint16_t p = 0; p < kPartitions; ++p) {
    if (absl::Status status = (*books)->Remove(PartitionId(p)); !status.ok()) return status;
  }
  if (absl::Status status = Restore(journal, redis, options.timeout); !status.ok()) return status;
  report->equal = 0;
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const absl::StatusOr<State::Digest> digest = (*books)->DigestOf(PartitionId(p));
    if (!digest.ok()) return digest.status();
    if (digest->seq > (*fold)[p].last) {
      ++report->further;
      continue;
    }
    if (digest->sha256 != (*fold)[p].state_sha256) {
      return absl::DataLossError(absl::StrCat("分区 ", p, " 恢复后不等于日志 / partition ", p,
                                              " is not the journal's state after it was restored: ", absl::BytesToHexString(digest->sha256),
                                              ", ", absl::BytesToHexString((*fold)[p].state_sha256)));
    }
    ++report->equal;
  }
  return report;
}

}  // namespace fenfen::ctl
