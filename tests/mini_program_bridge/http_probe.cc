#include "tests/mini_program_bridge/http_probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace fenfen::bridge {

boost::json::value ProbeReply::Json() const {
  boost::json::error_code error;
  return boost::json::parse(body, error);
}

std::string ProbeReply::Reason() const {
  const boost::json::value json = Json();
  if (json.is_object() && json.as_object().contains("reason")) return std::string(json.at("reason").as_string());
  if (json.is_object() && json.as_object().contains("data")) return "ok";
  return absl::StrCat(status, " ", body);
}

Probe::Probe(const std::string& address) {
  const std::vector<std::string> parts = absl::StrSplit(address, ':');
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  inet_pton(AF_INET, parts[0].c_str(), &to.sin_addr);
  to.sin_port = htons(static_cast<uint16_t>(std::atoi(parts.back().c_str())));
  socket_ = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) {
    close(socket_);
    socket_ = -1;
  }
}

Probe::~Probe() {
  if (socket_ >= 0) close(socket_);
}

bool Probe::Send(const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

bool Probe::Fill() {
  if (socket_ < 0) return false;
  pollfd wait = {socket_, POLLIN, 0};
  if (poll(&wait, 1, 10000) != 1) return false;
  char chunk[16384];
  const ssize_t n = recv(socket_, chunk, sizeof(chunk), 0);
  if (n > 0) buffer_.append(chunk, static_cast<std::size_t>(n));
  return n > 0;
}

ProbeReply Probe::Read(bool bodyless) {
  ProbeReply reply;
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return reply;
  }
  const std::vector<std::string> lines = absl::StrSplit(buffer_.substr(0, end), "\r\n");
  buffer_.erase(0, end + 4);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(lines[i], absl::MaxSplits(": ", 1));
    reply.headers[absl::AsciiStrToLower(pair.first)] = pair.second;
  }
  reply.status = std::atoi(lines[0].substr(9, 3).c_str());
  const std::size_t length = bodyless ? 0 : std::strtoul(reply.headers["content-length"].c_str(), nullptr, 10);
  while (buffer_.size() < length) {
    if (!Fill()) return reply;
  }
  reply.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return reply;
}

bool Probe::ClosedWithin(int ms) {
  pollfd wait = {socket_, POLLIN, 0};
  if (poll(&wait, 1, ms) != 1) return false;
  char byte;
  return recv(socket_, &byte, 1, 0) <= 0;
}

ProbeReply Fetch(const std::string& address, const std::string& method, const std::string& target, const std::vector<std::string>& headers,
                 const std::string& body) {
  std::string request = absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: test\r\n");
  for (const std::string& header : headers) absl::StrAppend(&request, header, "\r\n");
  if (!body.empty() || method == "POST") absl::StrAppend(&request, "Content-Length: ", body.size(), "\r\n");
  Probe probe(address);
  probe.Send(absl::StrCat(request, "\r\n", body));
  return probe.Read(method == "HEAD");
}

ProbeReply PostJson(const std::string& address, const std::string& target, const std::string& body, const std::string& token) {
  std::vector<std::string> headers = {"Content-Type: application/json"};
  if (!token.empty()) headers.push_back("Authorization: Bearer " + token);
  return Fetch(address, "POST", target, headers, body);
}

ProbeReply Get(const std::string& address, const std::string& target, const std::string& token) {
  std::vector<std::string> headers;
  if (!token.empty()) headers.push_back("Authorization: Bearer " + token);
  return Fetch(address, "GET", target, headers);
}

Process::Process(const std::string& program, const std::vector<std::string>& arguments, const std::string& output) {
  const char* bin = std::getenv("FENFEN_BIN");
  const std::string path = absl::StrCat(bin == nullptr ? "." : bin, "/", program);
  std::vector<char*> argv = {const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ != 0) return;
  // A test that crashes takes its programs with it.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(out, 1);
  dup2(out, 2);
  execv(path.c_str(), argv.data());
  _exit(127);
}

Process::~Process() { Stop(SIGTERM); }

int Process::Stop(int signal) {
  if (pid_ <= 0) return -1;
  if (signal != 0) kill(pid_, signal);
  int status = 0;
  for (int i = 0; i < 1500; ++i) {
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  kill(pid_, SIGKILL);
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return -1;
}

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

std::string AwaitAddress(const std::string& ready_file) {
  for (int i = 0; i < 1000; ++i) {
    boost::json::error_code error;
    const boost::json::value ready = boost::json::parse(ReadAll(ready_file), error);
    if (!error && ready.is_object()) return std::string(ready.at("http").as_string());
    absl::SleepFor(absl::Milliseconds(10));
  }
  return "";
}

}  // namespace fenfen::bridge
