// What the bridge's tests need to look at it from outside: a raw HTTP client over a socket, which may send nonsense, slowly or in
// pieces, and a child process. Every wait ends within ten seconds.
#ifndef FENFEN_TESTS_MINI_PROGRAM_BRIDGE_HTTP_PROBE_H_
#define FENFEN_TESTS_MINI_PROGRAM_BRIDGE_HTTP_PROBE_H_

#include <sys/types.h>

#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <vector>

namespace fenfen::bridge {

struct ProbeReply {
  // 0 if none came.
  int status = 0;
  // Names in small letters.
  std::map<std::string, std::string> headers;
  std::string body;

  // The body as JSON; null if it is not.
  boost::json::value Json() const;
  // "REASON" of a refusal, "ok" of an envelope with errcode 0, else the status and the body.
  std::string Reason() const;
};

// One connection.
class Probe {
 public:
  explicit Probe(const std::string& address);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  // False if the other side is gone.
  bool Send(const std::string& bytes);
  // `bodyless` for the reply to a HEAD.
  ProbeReply Read(bool bodyless = false);
  // True if the other side closed within `ms`.
  bool ClosedWithin(int ms);

 private:
  bool Fill();
  int socket_ = -1;
  std::string buffer_;
};

// One request on a connection of its own.
ProbeReply Fetch(const std::string& address, const std::string& method, const std::string& target,
                 const std::vector<std::string>& headers = {}, const std::string& body = "");

// POST with application/json, and a token where given.
ProbeReply PostJson(const std::string& address, const std::string& target, const std::string& body, const std::string& token = "");

// GET with a token where given.
ProbeReply Get(const std::string& address, const std::string& target, const std::string& token = "");

// A program of FENFEN_BIN, stopped when this ends.
class Process {
 public:
  // `output` takes stdout and stderr.
  Process(const std::string& program, const std::vector<std::string>& arguments, const std::string& output);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // The exit status after a signal; −1 if it had to be killed after fifteen seconds, 128 + N if a signal ended it.
  int Stop(int signal);
  // Waits for its own end.
  int Wait() { return Stop(0); }

 private:
  pid_t pid_ = -1;
};

std::string ReadAll(const std::string& path);

// Waits for a ready file and gives its "http"; empty after ten seconds.
std::string AwaitAddress(const std::string& ready_file);

}  // namespace fenfen::bridge

#endif  // FENFEN_TESTS_MINI_PROGRAM_BRIDGE_HTTP_PROBE_H_
