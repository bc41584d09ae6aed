#include "clients/ctl/demo/postgres_pair.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/key_file.h"
#include "clients/ctl/demo/district_files.h"
#include "clients/ctl/demo/port.h"

namespace fenfen::ctl {

namespace {

namespace fs = std::filesystem;

constexpr char kDatabase[] = "fenfen";
constexpr absl::Duration kFollowMax = absl::Seconds(60);
constexpr absl::Duration kRetryAfter = absl::Seconds(5);

absl::Status Remove(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  return error ? absl::ErrnoToStatus(error.value(), path) : absl::OkStatus();
}

absl::Status Rename(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  return error ? absl::ErrnoToStatus(error.value(), from) : absl::OkStatus();
}

}  // namespace

std::string PostgresPair::NameOf(size_t node) { return absl::StrCat("pg-", node + 1); }

std::string PostgresPair::DataOf(size_t node) const { return absl::StrCat(programs_->folder(), "/", node + 1); }

std::string PostgresPair::Conninfo(size_t node, const std::string& database) const {
  return absl::StrCat("host=127.0.0.1 port=", PortOf(ports_.postgres[node]), " user=postgres dbname=", database,
                      " passfile=", programs_->folder(), "/pgpass connect_timeout=10");
}

absl::StatusOr<std::string> PostgresPair::Sql(size_t node, const std::string& statement) const {
  return programs_->Run("psql", {"-XAtq", "-v", "ON_ERROR_STOP=1", "-d", Conninfo(node, "postgres"), "-c", statement});
}

bool PostgresPair::Ended(size_t node) const {
  Child* const child = services_.Find(NameOf(node));
  return child == nullptr || child->Ended().has_value();
}

absl::Status PostgresPair::MakePassword() {
  const absl::StatusOr<std::string> secret = client::ReadKeyFile(workspace_.Path("keys/postgres.secret"), /*secret=*/true);
  if (!secret.ok()) return secret.status();
  const std::pair<std::string, std::string> files[] = {{"password", *secret}, {"pgpass", absl::StrCat("*:*:*:postgres:", *secret)}};
  for (const auto& [name, text] : files) {
    const std::string path = absl::StrCat(programs_->folder(), "/", name);
    absl::Status status = ReplaceFile(path, text);
    if (status.ok()) status = PostgresPrograms::GiveAway(path, fs::perms::owner_read | fs::perms::owner_write);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status PostgresPair::StartNode(size_t node) {
  services_.Stop(NameOf(node));
  Service service;
  service.name = NameOf(node);
  service.options =
      programs_->Program("postgres", {"-D", DataOf(node), "-p", PortOf(ports_.postgres[node]), "-h", "127.0.0.1", "-k", "", "-c",
                                      "shared_buffers=64MB", "-c", "dynamic_shared_memory_type=mmap", "-c", "wal_keep_size=256MB", "-c",
                                      absl::StrCat("primary_conninfo=", Conninfo(1 - node, "postgres"))});
  service.options.log_file = workspace_.Path(absl::StrCat("log/", service.name, ".log"));
  service.address = ports_.postgres[node];
  service.restart_after = absl::InfiniteDuration();
  service.ready = [this, node] { return programs_->Run("pg_isready", {"-q", "-d", Conninfo(node, "postgres")}).ok(); };
  return services_.Start(service);
}

absl::Status PostgresPair::MakePrimary() {
  const std::string draft = DataOf(primary_) + ".new";
  absl::Status status = Remove(draft);
  if (status.ok()) {
    status = programs_
                 ->Run("initdb", {"-D", draft, "-U", "postgres", "-A", "scram-sha-256",
                                  absl::StrCat("--pwfile=", programs_->folder(), "/password"), "--no-locale", "-E", "UTF8"})
                 .status();
  }
  return status.ok() ? Rename(draft, DataOf(primary_)) : status;
}

absl::Status PostgresPair::MakeStandby() {
  const std::string data = DataOf(standby()), draft = data + ".new";
  services_.Stop(NameOf(standby()));
  PostgresPrograms::RemoveSharedMemory(data);
  for (const std::string& path : {data, draft}) {
    if (absl::Status status = Remove(path); !status.ok()) return status;
  }
  const absl::StatusOr<std::string> copied =
      programs_->Run("pg_basebackup", {"-D", draft, "-d", Conninfo(primary_, "postgres"), "-R", "-X", "stream", "-c", "fast"});
  if (!copied.ok()) return copied.status();
  return Rename(draft, data);
}

absl::Status PostgresPair::WaitForStandby() {
  const absl::Time deadline = absl::Now() + kFollowMax;
  const auto wait = [&](const char* state) -> absl::Status {
    while (true) {
      const absl::StatusOr<std::string> followers = Sql(primary_, absl::StrCat("SELECT count(*) FROM pg_stat_replication WHERE ", state));
      if (!followers.ok()) return followers.status();
      if (*followers == "1") return absl::OkStatus();
      if (absl::Now() > deadline) {
        return absl::DeadlineExceededError(absl::StrCat(NameOf(standby()), " 60 秒内没有跟上 / does not follow within 60 s: ",
                                                        LogTail(workspace_.Path(absl::StrCat("log/", NameOf(standby()), ".log")))));
      }
      absl::SleepFor(absl::Milliseconds(50));
    }
  };
  absl::Status status = wait("state = 'streaming'");
  if (status.ok()) status = Sql(primary_, "ALTER SYSTEM SET synchronous_standby_names = '*'").status();
  if (status.ok()) status = Sql(primary_, "SELECT pg_reload_conf()").status();
  return status.ok() ? wait("sync_state = 'sync'") : status;
}

absl::Status PostgresPair::Start() {
  absl::StatusOr<std::unique_ptr<PostgresPrograms>> programs =
      PostgresPrograms::Make(workspace_.Path("postgres"), workspace_.Path("log/postgres.log"), stop_);
  if (!programs.ok()) return programs.status();
  programs_ = *std::move(programs);
  absl::Status status = MakePassword();
  if (!status.ok()) return status;
  std::array<bool, kPostgresNodes> there{}, follows{};
  for (size_t node = 0; node < kPostgresNodes; ++node) {
    PostgresPrograms::RemoveSharedMemory(DataOf(node));
    there[node] = fs::exists(DataOf(node) + "/PG_VERSION");
    follows[node] = fs::exists(DataOf(node) + "/standby.signal");
  }
  // A standby alone was about to take over.
  primary_ = (there[0] && !follows[0]) || !there[1] ? 0 : 1;
  if (there[0] && there[1] && follows[0] == follows[1]) {
    return absl::DataLossError(absl::StrCat(programs_->folder(), "：无法判断哪个是主库 / cannot tell which of 1 and 2 is the primary"));
  }
  if (!there[primary_]) status = MakePrimary();
  if (status.ok()) status = StartNode(primary_);
  if (status.ok()) status = Promote();
  if (!status.ok()) return status;
  const absl::StatusOr<std::string> found =
      Sql(primary_, absl::StrCat("SELECT count(*) FROM pg_database WHERE datname = '", kDatabase, "'"));
  if (!found.ok()) return found.status();
  if (*found == "0") status = Sql(primary_, absl::StrCat("CREATE DATABASE ", kDatabase)).status();
  if (status.ok() && !there[standby()]) status = MakeStandby();
  if (status.ok()) status = StartNode(standby());
  if (status.ok()) status = WaitForStandby();
  return status;
}

void PostgresPair::Watch() {
  if (absl::Now() < next_try_ || (!Ended(0) && !Ended(1))) return;
  const absl::Status mended = Mend();
  if (mended.ok() || stop_) return;
  next_try_ = absl::Now() + kRetryAfter;
  say_(absl::StrCat("PostgreSQL：", mended.message()));
}

absl::Status PostgresPair::Mend() {
  absl::Status status;
  if (Ended(primary_) && !Ended(standby())) {
    status = TakeOver();
  } else if (Ended(primary_)) {
    say_(absl::StrCat(NameOf(primary_), " 重新启动 / is started again"));
    status = StartNode(primary_);
  }
  if (status.ok()) status = Promote();
  if (status.ok() && !fs::exists(DataOf(standby()))) status = MakeStandby();
  if (status.ok() && Ended(standby())) {
    say_(absl::StrCat(NameOf(standby()), " 重新启动，作为备库 / is started as the standby"));
    status = StartNode(standby());
  }
  if (status.ok()) status = WaitForStandby();
  return status.ok() ? Remove(DataOf(standby()) + ".old") : status;
}

absl::Status PostgresPair::TakeOver() {
  const size_t old = primary_;
  say_(absl::StrCat(NameOf(old), " 已退出，", NameOf(standby()), " 接替为主库 / has ended; ", NameOf(standby()), " takes over"));
  services_.Stop(NameOf(old));
  PostgresPrograms::RemoveSharedMemory(DataOf(old));
  absl::Status status = Remove(DataOf(old) + ".old");
  if (status.ok()) status = Rename(DataOf(old), DataOf(old) + ".old");
  // From here on it is no primary, whatever becomes of the rest.
  if (status.ok()) primary_ = 1 - old;
  return status;
}

absl::Status PostgresPair::Promote() {
  const absl::StatusOr<std::string> follows = Sql(primary_, "SELECT pg_is_in_recovery()");
  if (!follows.ok() || *follows != "t") return follows.status();
  absl::Status status = Sql(primary_, "SELECT pg_promote(true, 60)").status();
  // Until there is a standby again nobody waits for one.
  if (status.ok()) status = Sql(primary_, "ALTER SYSTEM SET synchronous_standby_names = ''").status();
  return status.ok() ? Sql(primary_, "SELECT pg_reload_conf()").status() : status;
}

}  // namespace fenfen::ctl
