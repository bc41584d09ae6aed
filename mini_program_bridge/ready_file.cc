#include "mini_program_bridge/ready_file.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace fenfen::bridge {

absl::Status WriteReadyFile(const std::string& path, const std::string& address) {
  const std::string temporary = absl::StrCat(path, ".", getpid());
  std::ofstream out(temporary);
  out << "{\"http\":\"" << address << "\",\"pid\":" << getpid() << "}\n";
  out.close();
  if (!out || std::rename(temporary.c_str(), path.c_str()) != 0) return absl::UnavailableError(absl::StrCat("cannot write ", path));
  return absl::OkStatus();
}

}  // namespace fenfen::bridge
