#include "clients/ctl/stores/migrate.h"

#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "clients/ctl/stores/held_journal.h"
#include "clients/ctl/stores/journal_copy.h"
#include "clients/ctl/stores/redis_books.h"
#include "server/stores/redis_settings.h"

namespace fenfen::ctl {

namespace {

constexpr absl::Duration kMigrateAnswerMax = absl::Seconds(30);

// What a killed server has left in a Redis would stay behind there.
absl::Status CheckNothingStaysBehind(const server::Config& from, Journal& journal) {
  if (from.stores.state != "redis") return absl::OkStatus();
  const absl::StatusOr<RedisStateOptions> options = server::RedisOptionsOf(from.stores.redis, /*production=*/false);
  if (!options.ok()) return options.status();
  const absl::StatusOr<std::unique_ptr<RedisBooks>> books = RedisBooks::Connect(*options, kMigrateAnswerMax);
  if (!books.ok()) return books.status();
  uint64_t ahead = 0;
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const absl::StatusOr<RedisBooks::Place> place = (*books)->Look(PartitionId(p));
    const absl::StatusOr<Journal::Head> head = journal.HeadOf(PartitionId(p));
    if (!place.ok()) return place.status();
    if (!head.ok()) return head.status();
    if (place->there && place->journal == journal.Id() && place->last > head->last) ahead += place->last.value() - head->last.value();
  }
  if (ahead == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("来源的 Redis 里有 ", ahead, " 条日志没有的记录（从未确认），请先启动并停止一次来源的服务器 / the source's Redis has ",
                   ahead, " transactions that its journal lacks; start and stop the source's server once, which journals them"));
}

// The target's journal; nothing where there is none, in a dry run.
absl::StatusOr<std::unique_ptr<HeldJournal>> OpenTarget(const server::Config& to, uint64_t id, bool dry_run) {
  if (!dry_run) return HeldJournal::Open(to, {.make_with_id = id});
  absl::StatusOr<std::unique_ptr<HeldJournal>> target = HeldJournal::Open(to, {});
  if (absl::IsNotFound(target.status())) return nullptr;
  if (target.ok() && (*target)->journal().Id() != id) {
    return absl::FailedPreconditionError(absl::StrCat((*target)->name(), "：这里已有另一个日志 / there is another journal"));
  }
  return target;
}

uint64_t Sum(const JournalSummary& summary) {
  uint64_t entries = 0;
  for (const PartitionSummary& partition : summary) entries += partition.last.value();
  return entries;
}

// Copies, and compares; or, in a dry run, counts.
absl::Status Copy(HeldJournal& source, HeldJournal* target, const MigrateOptions& options, MigrateReport& report) {
  if (options.dry_run) {
    const absl::StatusOr<SequenceVector> heads = source.journal().ReadHeads();
    if (!heads.ok()) return heads.status();
    for (const PartitionSeq& head : *heads) report.entries += head.value();
    const absl::StatusOr<uint64_t> missing = target == nullptr ? report.entries : EntriesToCopy(source.journal(), target->journal());
    if (missing.ok()) report.copied = *missing;
    return missing.status();
  }
  options.say(absl::StrCat("复制日志 / copying the journal: ", source.name(), " → ", target->name()));
  const absl::StatusOr<uint64_t> copied = CopyJournal(source.journal(), target->journal(), options.progress);
  if (!copied.ok()) return copied.status();
  report.copied = *copied;
  options.say("逐条核对两边 / comparing the two, entry by entry");
  const absl::StatusOr<JournalSummary> from = Summarise(source.journal());
  if (!from.ok()) return from.status();
  const absl::StatusOr<JournalSummary> to = Summarise(target->journal());
  if (!to.ok()) return to.status();
  if (absl::Status status = CompareSummaries(*from, *to); !status.ok()) return status;
  report.entries = Sum(*to);
  report.equal = kPartitions;
  // Had a lock been lost, a server could have written to either since.
  const absl::Status held = source.StillHeld();
  return held.ok() ? target->StillHeld() : held;
}

}  // namespace

absl::StatusOr<MigrateReport> MigrateBooks(const server::Config& from, const server::Config& to, const MigrateOptions& options) {
  MigrateReport report;
  std::optional<RedisStateOptions> redis;
  if (to.stores.state == "redis") {
    absl::StatusOr<RedisStateOptions> read = server::RedisOptionsOf(to.stores.redis, /*production=*/false);
    if (!read.ok()) return read.status();
    redis = *std::move(read);
  }
  absl::StatusOr<std::unique_ptr<HeldJournal>> source = HeldJournal::Open(from, {});
  if (!source.ok()) return source.status();
  report.journal_id = (*source)->journal().Id();
  if (absl::Status status = CheckNothingStaysBehind(from, (*source)->journal()); !status.ok()) return status;
  std::unique_ptr<HeldJournal> target;
  if (NameOfJournal(from) == NameOfJournal(to)) {
    options.say("同一个日志，无需复制 / the same journal: nothing is to be copied");
    const absl::StatusOr<SequenceVector> heads = (*source)->journal().ReadHeads();
    if (!heads.ok()) return heads.status();
    for (const PartitionSeq& head : *heads) report.entries += head.value();
    report.equal = kPartitions;
    target = *std::move(source);
  } else {
    absl::StatusOr<std::unique_ptr<HeldJournal>> opened = OpenTarget(to, report.journal_id, options.dry_run);
    if (!opened.ok()) return opened.status();
    target = *std::move(opened);
    if (absl::Status status = Copy(**source, target.get(), options, report); !status.ok()) return status;
  }
  if (!redis || options.dry_run) return report;
  RebuildOptions rebuild;
  rebuild.say = options.say;
  rebuild.timeout = to.stores.redis.open_timeout;
  const absl::StatusOr<RebuildReport> rebuilt = Rebuild(target->journal(), *redis, rebuild);
  if (!rebuilt.ok()) return rebuilt.status();
  report.rebuilt = rebuilt->equal;
  return report;
}

}  // namespace fenfen::ctl
