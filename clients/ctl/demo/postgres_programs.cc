#include "clients/ctl/demo/postgres_programs.h"

#include <pwd.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace fenfen::ctl {

namespace {

namespace fs = std::filesystem;

constexpr char kPrograms[] = "/usr/lib/postgresql/15/bin/";  // Debian's
constexpr char kSetpriv[] = "/usr/bin/setpriv";
constexpr char kUser[] = "postgres";
constexpr absl::Duration kRunMax = absl::Minutes(2);

bool IsRoot() { return geteuid() == 0; }

// What makes a program run as that user. What a child is bound to its parent by does not outlive the change of users, so it is bound anew.
std::vector<std::string> AsUser() {
  if (!IsRoot()) return {};
  return {kSetpriv, "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=INT"};
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresPrograms>> PostgresPrograms::Make(const std::string& folder, const std::string& log_file,
                                                                         const std::atomic<bool>& stop) {
  std::unique_ptr<PostgresPrograms> programs(new PostgresPrograms(log_file, stop));
  programs->link_ = folder;
  std::error_code error;
  if (!fs::exists(fs::symlink_status(folder))) {
    ChildOptions look;
    look.arguments = AsUser();
    for (const std::string& word : {std::string("/usr/bin/test"), std::string("-x"), fs::path(folder).parent_path().string()}) {
      look.arguments.push_back(word);
    }
    look.log_file = log_file;
    if (!IsRoot() || RunProgram(look, stop, kRunMax).ok()) {
      fs::create_directory(folder, error);
    } else {
      std::string elsewhere = "/var/tmp/fenfen-postgres-XXXXXX";
      if (mkdtemp(elsewhere.data()) == nullptr) return absl::ErrnoToStatus(errno, elsewhere);
      fs::create_symlink(elsewhere, folder, error);
    }
    if (error) return absl::ErrnoToStatus(error.value(), folder);
  }
  programs->folder_ = fs::weakly_canonical(folder).string();
  fs::create_directory(programs->folder_, error);
  if (absl::Status given = GiveAway(programs->folder_, fs::perms::owner_all); !given.ok()) return given;
  return programs;
}

ChildOptions PostgresPrograms::Program(const std::string& program, const std::vector<std::string>& arguments) const {
  ChildOptions options;
  options.arguments = AsUser();
  options.arguments.push_back(kPrograms + program);
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  options.log_file = log_file_;
  options.end_signal = SIGINT;  // to the server: end at once, in order
  return options;
}

absl::StatusOr<std::string> PostgresPrograms::Run(const std::string& program, const std::vector<std::string>& arguments) const {
  return RunProgram(Program(program, arguments), stop_, kRunMax);
}

absl::Status PostgresPrograms::GiveAway(const std::string& path, fs::perms perms) {
  std::error_code error;
  fs::permissions(path, perms, error);
  if (error) return absl::ErrnoToStatus(error.value(), path);
  if (!IsRoot()) return absl::OkStatus();
  const passwd* const user = getpwnam(kUser);
  if (user == nullptr)
    return absl::NotFoundError("没有用户 postgres，请安装 postgresql-15 / there is no user postgres; install postgresql-15");
  return chown(path.c_str(), user->pw_uid, user->pw_gid) == 0 ? absl::OkStatus() : absl::ErrnoToStatus(errno, path);
}

void PostgresPrograms::Remove() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
  fs::remove(link_, ignored);
}

// Line 7 of postmaster.pid says which.
void PostgresPrograms::RemoveSharedMemory(const std::string& data) {
  std::ifstream file(data + "/postmaster.pid");
  std::string line;
  for (int n = 0; n < 7 && std::getline(file, line);) ++n;
  const std::vector<std::string> key_and_id = absl::StrSplit(line, ' ', absl::SkipEmpty());
  int id = 0;
  if (file && key_and_id.size() == 2 && absl::SimpleAtoi(key_and_id[1], &id)) shmctl(id, IPC_RMID, nullptr);
}

}  // namespace fenfen::ctl
