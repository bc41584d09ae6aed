// fenfenctl bench redis, its second half: the PostgreSQL journal beside a bare COPY of the same rows; and what things take in the stores.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/bench/benchmarks.h"
#include "clients/ctl/bench/ledger.h"
#include "clients/ctl/bench/redis_shard.h"
#include "clients/ctl/demo/postgres_programs.h"
#include "ledger/journal/postgres/copy_rows.h"
#include "ledger/journal/postgres/postgres_journal.h"

namespace fenfen::bench {
namespace {

constexpr double kGoal = 0.7;
constexpr double kExpected = 15'000;  // entries a second, to know how many take a round
constexpr size_t kGroup = 4096;       // entries of one transaction of the bare COPY: the journal's own limit
constexpr absl::Duration kAnswerMax = absl::Seconds(60);

// A PostgreSQL of the benchmark's own, as Debian sets one up, on a socket in its folder.
class BenchPostgres {
 public:
  static absl::StatusOr<std::unique_ptr<BenchPostgres>> Start(const std::string& parent) {
    absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make(parent);
    if (!folder.ok()) return folder.status();
    chmod(folder->path().c_str(), 0711);  // PostgreSQL's user has to come through
    std::unique_ptr<BenchPostgres> server(new BenchPostgres(*std::move(folder)));
    if (absl::Status begun = server->Begin(); !begun.ok()) return begun;
    return server;
  }
  ~BenchPostgres() {
    services_.StopAll();
    if (programs_ != nullptr) programs_->Remove();
  }

  std::string Conninfo(const std::string& database) const {
    return absl::StrCat("host=", programs_->folder(), " port=5432 user=postgres dbname=", database);
  }
  absl::StatusOr<std::string> MakeDatabase(const std::string& name) {
    const auto made = programs_->Run("psql", {"-XAtq", "-d", Conninfo("postgres"), "-c", absl::StrCat("CREATE DATABASE ", name)});
    if (!made.ok()) return made.status();
    return Conninfo(name);
  }

 private:
  explicit BenchPostgres(TemporaryFolder folder) : folder_(std::move(folder)), services_([](const std::string&) {}, &stop_) {}

  absl::Status Begin() {
    auto programs = ctl::PostgresPrograms::Make(folder_.path() + "/postgres", folder_.path() + "/postgres.log", stop_);
    if (!programs.ok()) return programs.status();
    programs_ = *std::move(programs);
    const std::string data = programs_->folder() + "/data";
    const auto made = programs_->Run("initdb", {"-D", data, "-U", "postgres", "-A", "trust", "--no-locale", "-E", "UTF8"});
    if (!made.ok()) return made.status();
    ctl::Service service;
    service.name = "postgres";
    service.options = programs_->Program(
        "postgres", {"-D", data, "-k", programs_->folder(), "-h", "", "-p", "5432", "-c", "dynamic_shared_memory_type=mmap"});
    service.ready = [this] { return programs_->Run("pg_isready", {"-q", "-d", Conninfo("postgres")}).ok(); };
    return services_.Start(service);
  }

  const TemporaryFolder folder_;
  std::atomic<bool> stop_{false};
  ctl::Services services_;
  std::unique_ptr<ctl::PostgresPrograms> programs_;
};

// Entries of a district's drops, in the order of each partition.
class EntrySource {
 public:
  EntrySource(DropSetting setting, uint32_t households) : drops_(std::move(setting), households, 5) {}

  absl::StatusOr<std::vector<JournalEntry>> Enrolments() { return Entries(drops_.Enrolments()); }
  absl::StatusOr<std::vector<JournalEntry>> Drops(size_t count) { return Entries(drops_.Drops((count + 63) / 64)); }

 private:
  absl::StatusOr<std::vector<JournalEntry>> Entries(std::vector<DropBatch> batches) {
    std::vector<JournalEntry> entries;
    const absl::Time now = absl::Now();
    for (DropBatch& batch : batches) {
      const PartitionId partition = batch.partition;
      absl::StatusOr<std::vector<Committed>> committed = RunBatch(model_, std::move(batch));
      if (!committed.ok()) return committed.status();
      for (const Committed& one : *committed) entries.push_back({partition, one.seq, now, EncodeTransaction(one.transaction)});
    }
    return entries;
  }

  MemoryState model_;
  DropSource drops_;
};

// Entries a second, as 64 of a partition come from the State at once.
absl::StatusOr<double> RunJournal(PostgresJournal& journal, const std::vector<JournalEntry>& entries) {
  const double begin = MonotonicSeconds();
  for (size_t first = 0; first < entries.size();) {
    if (!journal.Admit().ok()) {
      absl::SleepFor(absl::Milliseconds(1));
      continue;
    }
    size_t last = first + 1;
    while (last < entries.size() && last < first + 64 && entries[last].partition == entries[first].partition) ++last;
    journal.AppendAll({entries.begin() + static_cast<std::ptrdiff_t>(first), entries.begin() + static_cast<std::ptrdiff_t>(last)},
                      [](const absl::Status&) {});
    first = last;
  }
  if (absl::Status flushed = journal.Flush(); !flushed.ok()) return flushed;
  return static_cast<double>(entries.size()) / (MonotonicSeconds() - begin);
}

// The same rows by COPY, made ahead, some thousand entries a transaction; with the same indexes, and nothing looked at.
absl::StatusOr<double> RunCopy(PgConnection& session, const std::vector<JournalEntry>& entries) {
  std::vector<std::unique_ptr<CopyRows>> groups;
  for (size_t n = 0; n < entries.size(); ++n) {
    if (n % kGroup == 0) groups.push_back(std::make_unique<CopyRows>());
    const absl::StatusOr<Transaction> transaction = DecodeTransaction(entries[n].bytes);
    if (!transaction.ok()) return transaction.status();
    groups.back()->Add(entries[n], *transaction, absl::ToCivilMonth(entries[n].record_time, absl::UTCTimeZone()));
  }
  std::vector<std::array<CopyRows::Table, 4>> tables;
  for (const std::unique_ptr<CopyRows>& group : groups) tables.push_back(group->Finish());
  const double begin = MonotonicSeconds();
  for (const std::array<CopyRows::Table, 4>& group : tables) {
    if (absl::Status begun = session.Script("BEGIN"); !begun.ok()) return begun;
    for (const CopyRows::Table& table : group) {
      if (absl::Status copied = session.CopyIn(table.copy, table.data); !copied.ok()) return copied;
    }
    if (absl::Status committed = session.Script("COMMIT"); !committed.ok()) return committed;
  }
  return static_cast<double>(entries.size()) / (MonotonicSeconds() - begin);
}

absl::StatusOr<DropSetting> SettingFor(const Options& options) {
  const absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make(options.folder);
  if (!folder.ok()) return folder.status();
  const absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(folder->path(), {std::string(32, 'k')});
  if (!ledger.ok()) return ledger.status();
  return (*ledger)->Setting();
}

absl::StatusOr<std::unique_ptr<PostgresJournal>> OpenJournal(const std::string& conninfo) {
  PostgresJournalOptions options;
  options.session.conninfo = conninfo;
  options.session.timeout = kAnswerMax;
  return PostgresJournal::Open(std::move(options));
}

// A session on a database with the schema and this month's and the next one's tables.
absl::StatusOr<std::unique_ptr<PgConnection>> OpenBare(const std::string& conninfo) {
  if (const auto made = OpenJournal(conninfo); !made.ok()) return made.status();
  absl::StatusOr<std::unique_ptr<PgConnection>> session = PgConnection::Open(conninfo, kAnswerMax);
  if (!session.ok()) return session;
  const auto month = (*session)->Query(
      "SELECT fenfen.make_month((date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month')::date) FROM generate_series(0, 1) "
      "AS n");
  if (!month.ok()) return month.status();
  return session;
}

}  // namespace

absl::Status RunPostgresJournal(const Options& options, Report& report) {
  const std::string name = "redis/postgres-journal";
  if (!options.Wants(name)) return absl::OkStatus();
  report.Say(name);
  absl::StatusOr<DropSetting> setting = SettingFor(options);
  if (!setting.ok()) return setting.status();
  const absl::StatusOr<std::unique_ptr<BenchPostgres>> server = BenchPostgres::Start(options.folder);
  if (!server.ok()) return server.status();
  const absl::StatusOr<std::string> ours = (*server)->MakeDatabase("ours"), bare = (*server)->MakeDatabase("bare");
  if (!ours.ok()) return ours.status();
  if (!bare.ok()) return bare.status();
  const absl::StatusOr<std::unique_ptr<PostgresJournal>> journal = OpenJournal(*ours);
  if (!journal.ok()) return journal.status();
  const absl::StatusOr<std::unique_ptr<PgConnection>> session = OpenBare(*bare);
  if (!session.ok()) return session.status();
  EntrySource source(*std::move(setting), options.quick ? 2'560 : 25'600);
  absl::StatusOr<std::vector<JournalEntry>> entries = source.Enrolments();
  if (!entries.ok()) return entries.status();
  if (const auto begun = RunJournal(**journal, *entries); !begun.ok()) return begun.status();
  const auto count = static_cast<size_t>(std::max(512.0, absl::ToDoubleSeconds(options.round()) * kExpected));
  const absl::StatusOr<Pair> pair = Alternate(
      options.rounds,
      [&]() -> absl::StatusOr<double> {
        entries = source.Drops(count);
        if (!entries.ok()) return entries.status();
        return RunCopy(**session, *entries);
      },
      [&] { return RunJournal(**journal, *entries); });
  if (!pair.ok()) return pair.status();
  report.Add({.name = name, .value = pair->ours, .unit = "entries/s", .bare = pair->bare, .goal = kGoal});
  return absl::OkStatus();
}

absl::Status RunStoredBytes(const Options& options, Report& report) {
  const uint32_t households = options.quick ? 2'560 : options.full ? 1'000'000 : 100'000;
  const size_t drops = size_t{households} * 8 / 5;              // a day's
  const size_t entries_max = std::min(drops, size_t{160'000});  // enough to tell
  absl::StatusOr<DropSetting> setting = SettingFor(options);
  if (!setting.ok()) return setting.status();
  absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make(options.folder);
  if (!folder.ok()) return folder.status();
  std::atomic<bool> stop{false};
  ctl::Services services([](const std::string&) {}, &stop);
  report.Say(absl::StrCat("stored-bytes：", households, " 户 / households"));
  const auto shard = RedisShard::Start(services, folder->path(), "redis", "no");
  if (!shard.ok()) return shard.status();
  DropSource source(*setting, households, 6);
  const absl::StatusOr<double> empty = (*shard)->UsedMemory();
  absl::Status filled = (*shard)->Fill(source.Enrolments(), nullptr);
  const absl::StatusOr<double> idle = (*shard)->UsedMemory();
  if (filled.ok()) filled = (*shard)->Run(source.Drops(drops / 64)).status();
  const absl::StatusOr<double> busy = (*shard)->UsedMemory();
  if (!filled.ok()) return filled;
  for (const auto* figure : {&empty, &idle, &busy}) {
    if (!figure->ok()) return figure->status();
  }
  const auto add = [&](const std::string& name, double value, const char* unit) {
    report.Add({.name = name, .value = value, .unit = unit, .bare = value, .goal = std::nullopt, .lower_is_better = true});
  };
  const std::string of = absl::StrCat("stored-bytes/redis/", households, "-households/");
  add(of + "idle-with-its-request-key", (*idle - *empty) / households, "bytes");
  add(of + "after-a-day", (*busy - *empty) / households, "bytes");

  const absl::StatusOr<std::unique_ptr<BenchPostgres>> server = BenchPostgres::Start(options.folder);
  if (!server.ok()) return server.status();
  const absl::StatusOr<std::string> conninfo = (*server)->MakeDatabase("stored");
  if (!conninfo.ok()) return conninfo.status();
  EntrySource entries(*std::move(setting), std::min(households, 10'000u));
  size_t count = 0;
  {
    const absl::StatusOr<std::unique_ptr<PostgresJournal>> journal = OpenJournal(*conninfo);
    if (!journal.ok()) return journal.status();
    const auto enrolled = entries.Enrolments();
    if (!enrolled.ok()) return enrolled.status();
    if (const auto run = RunJournal(**journal, *enrolled); !run.ok()) return run.status();
  }
  const absl::StatusOr<std::unique_ptr<PgConnection>> session = PgConnection::Open(*conninfo, kAnswerMax);
  if (!session.ok()) return session.status();
  const auto size = [&]() -> double {
    const auto found = (*session)->Query(
        "SELECT sum(pg_total_relation_size(c.oid))::int8 FROM pg_class AS c WHERE c.relnamespace = 'fenfen'::regnamespace AND c.relkind = "
        "'r'");
    return found.ok() ? static_cast<double>(found->Int(0, 0)) : 0;
  };
  const double before = size();
  uint64_t bytes = 0;
  {
    const absl::StatusOr<std::unique_ptr<PostgresJournal>> journal = OpenJournal(*conninfo);
    if (!journal.ok()) return journal.status();
    const auto made = entries.Drops(entries_max);
    if (!made.ok()) return made.status();
    for (const JournalEntry& entry : *made) bytes += entry.bytes.size();
    count = made->size();
    if (const auto run = RunJournal(**journal, *made); !run.ok()) return run.status();
  }
  add("stored-bytes/postgres/drop-with-rows-and-indexes", (size() - before) / static_cast<double>(count), "bytes");
  add("stored-bytes/drop-encoded", static_cast<double>(bytes) / static_cast<double>(count), "bytes");
  return absl::OkStatus();
}

}  // namespace fenfen::bench
