#include "tests/ledger/journal/postgres/postgres_server.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ledger/core/check.h"

namespace fenfen {
namespace {

constexpr char kPrograms[] = "/usr/lib/postgresql/15/bin/";
constexpr char kUser[] = "postgres";
constexpr absl::Duration kPatience = absl::Seconds(60);

[[noreturn]] void Die(const std::string& why, const std::string& log) {
  std::cerr << "PostgresServer: " << why << "\n" << std::ifstream(log).rdbuf() << std::endl;
  std::abort();
}

// Starts one of PostgreSQL's programs, as its own user where this is root, its output into `log`. It ends when this process does.
pid_t Spawn(const std::string& program, const std::vector<std::string>& args, const std::string& log) {
  const passwd* user = ::geteuid() == 0 ? ::getpwnam(kUser) : nullptr;
  if (::geteuid() == 0 && user == nullptr) Die("there is no user postgres; is Debian's postgresql-15 installed?", log);
  const std::string path = kPrograms + program;
  std::vector<char*> argv = {const_cast<char*>(path.c_str())};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  FENFEN_CHECK(child >= 0);
  if (child > 0) return child;
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  ::dup2(out, 1);
  ::dup2(out, 2);
  if (user != nullptr && (::setgroups(1, &user->pw_gid) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)) ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  ::closefrom(3);  // what the test has open is not the server's
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

void RunProgram(const std::string& program, const std::vector<std::string>& args, const std::string& log) {
  int status = 0;
  FENFEN_CHECK(::waitpid(Spawn(program, args, log), &status, 0) > 0);
  if (status != 0) Die(absl::StrCat(program, " failed; Debian's postgresql-15 is needed"), log);
}

// In memory where there is room: these tests cause no power cut, so nothing rests on a disk, and a shared one is slow.
std::string NewFolder() {
  std::error_code absent;
  const std::filesystem::space_info memory = std::filesystem::space("/dev/shm", absent);
  const bool room = !absent && memory.available >= (uintmax_t{1} << 30);
  std::string pattern =
      ((room ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path()) / "fenfen-postgres.XXXXXX").string();
  FENFEN_CHECK(::mkdtemp(pattern.data()) != nullptr);
  if (::geteuid() == 0) {
    const passwd* user = ::getpwnam(kUser);
    if (user != nullptr) FENFEN_CHECK(::chown(pattern.c_str(), user->pw_uid, user->pw_gid) == 0);
  }
  return pattern;
}

// A server that was killed leaves the small segment behind by which the next one would have known of it: line 7 of postmaster.pid.
void RemoveSharedMemory(const std::string& data) {
  std::ifstream file(data + "/postmaster.pid");
  std::string line;
  for (int n = 0; n < 7 && std::getline(file, line);) ++n;
  const std::vector<std::string> key_and_id = absl::StrSplit(line, ' ', absl::SkipEmpty());
  int id = 0;
  if (file && key_and_id.size() == 2 && absl::SimpleAtoi(key_and_id[1], &id)) ::shmctl(id, IPC_RMID, nullptr);
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream stat(entry.path() / "stat");
    std::string text;
    if (!std::getline(stat, text) || text.find(')') == std::string::npos) continue;
    const size_t after_name = text.rfind(')') + 4;  // ") S 123"
    if (std::atoi(text.c_str() + after_name) == parent) children.push_back(std::atoi(entry.path().filename().c_str()));
  }
  return children;
}

}  // namespace

PostgresServer::PostgresServer(Unstarted, std::vector<std::string> settings) : settings_(std::move(settings)), folder_(NewFolder()) {}

PostgresServer::PostgresServer(std::vector<std::string> settings) : PostgresServer(Unstarted{}, std::move(settings)) {
  RunProgram("initdb", {"-D", data(), "-U", "postgres", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8"}, folder_ + "/log");
  Start();
}

std::unique_ptr<PostgresServer> PostgresServer::StandbyOf(PostgresServer& primary) {
  std::unique_ptr<PostgresServer> standby(new PostgresServer(Unstarted{}, primary.settings_));
  standby->BecomeStandbyOf(primary);
  return standby;
}

void PostgresServer::BecomeStandbyOf(PostgresServer& primary) {
  Kill();
  RemoveSharedMemory(data());
  std::filesystem::remove_all(data());
  RunProgram("pg_basebackup",
             {"-D", data(), "-d", primary.Conninfo("postgres"), "-R", "-X", "stream", "-C", "-S", "standby", "-c", "fast", "--no-sync"},
             folder_ + "/log");
  Start();
  primary.Run("postgres", {"ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"});
  const absl::Time deadline = absl::Now() + kPatience;
  while (primary.Run("postgres", {"SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"}) != "1") {
    if (absl::Now() > deadline) Die("the standby does not follow", folder_ + "/log");
    absl::SleepFor(absl::Milliseconds(20));
  }
}

PostgresServer::~PostgresServer() {
  Kill();
  RemoveSharedMemory(data());
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string PostgresServer::Conninfo(absl::string_view database, absl::string_view user) const {
  return absl::StrCat("host=", folder_, " port=5432 user=", user, " dbname=", database);
}

std::string PostgresServer::ConninfoOf(const std::vector<const PostgresServer*>& servers, absl::string_view database) {
  const std::string hosts = absl::StrJoin(servers, ",", [](std::string* out, const PostgresServer* s) { out->append(s->folder_); });
  return absl::StrCat("host=", hosts, " port=5432 user=postgres dbname=", database);
}

std::string PostgresServer::NewDatabase() {
  const std::string name = absl::StrCat("journal", ++databases_);
  Run("postgres", {absl::StrCat("CREATE DATABASE ", name)});
  return name;
}

std::string PostgresServer::Run(absl::string_view database, const std::vector<std::string>& statements) {
  PGconn* connection = PQconnectdb(Conninfo(database).c_str());
  if (PQstatus(connection) != CONNECTION_OK) Die(PQerrorMessage(connection), folder_ + "/log");
  std::string value;
  for (const std::string& statement : statements) {
    PGresult* result = PQexec(connection, statement.c_str());
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) Die(statement + ": " + PQresultErrorMessage(result), folder_ + "/log");
    value = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
    PQclear(result);
  }
  PQfinish(connection);
  return value;
}

void PostgresServer::Start() {
  FENFEN_CHECK(postmaster_ == 0);
  std::vector<std::string> args = {"-D", data(),
                                   "-k", folder_,
                                   "-p", "5432",
                                   "-c", "listen_addresses=",
                                   "-c", "shared_buffers=32MB",
                                   "-c", "recovery_init_sync_method=syncfs",
                                   "-c", "dynamic_shared_memory_type=mmap"};
  for (const std::string& setting : settings_) {
    args.push_back("-c");
    args.push_back(setting);
  }
  postmaster_ = Spawn("postgres", args, folder_ + "/log");
  const absl::Time deadline = absl::Now() + kPatience;
  while (PQping(Conninfo("postgres").c_str()) != PQPING_OK) {
    if (absl::Now() > deadline || ::waitpid(postmaster_, nullptr, WNOHANG) == postmaster_) Die("it does not start", folder_ + "/log");
    absl::SleepFor(absl::Milliseconds(10));
  }
}

void PostgresServer::Stop() {
  if (postmaster_ == 0) return;
  ::kill(postmaster_, SIGINT);
  ::waitpid(postmaster_, nullptr, 0);
  postmaster_ = 0;
}

// The postmaster first, so that it starts nothing new meanwhile. Returns its children.
std::vector<pid_t> PostgresServer::Signal(int signal) {
  ::kill(postmaster_, signal);
  std::vector<pid_t> children = ChildrenOf(postmaster_);
  for (const pid_t child : children) ::kill(child, signal);
  return children;
}

// Orphans come to this process, so their end can be waited for: a new postmaster refuses to start beside an old backend.
void PostgresServer::Kill() {
  if (postmaster_ == 0) return;
  FENFEN_CHECK(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  const std::vector<pid_t> children = Signal(SIGSTOP);
  ::kill(postmaster_, SIGKILL);
  for (const pid_t child : children) ::kill(child, SIGKILL);
  ::waitpid(postmaster_, nullptr, 0);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  postmaster_ = 0;
}

void PostgresServer::Pause() { Signal(SIGSTOP); }
void PostgresServer::Resume() { Signal(SIGCONT); }

void PostgresServer::Promote() { Run("postgres", {"SELECT pg_promote(true, 60)"}); }

}  // namespace fenfen
