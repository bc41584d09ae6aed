// A plain HTTP client for the checks: one connection a call, bounded in time, JSON in and out. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_CHECK_HTTP_H_
#define FENFEN_CLIENTS_CTL_CHECK_HTTP_H_

#include <boost/json/value.hpp>
#include <string>

namespace fenfen::ctl {

// An answer. A call that got none has status 0 and the trouble as its body.
struct HttpAnswer {
  int status = 0;
  std::string content_type;
  std::string body;
  boost::json::value json;  // null if the body is not JSON

  // The value at a path of member names and list positions, such as "data.entry.reward" or "data.offers.0.name"; null if there is none.
  const boost::json::value& At(const std::string& path) const;
  // The same as text; numbers are written out.
  std::string Text(const std::string& path) const;
  // The same as a number; 0 if it is none. 64-bit numbers may come as strings.
  int64_t Number(const std::string& path) const;
  // The envelope's reason; empty for success.
  std::string Reason() const { return Text("reason"); }
};

// A host and port.
class HttpClient {
 public:
  // `address` is HOST:PORT.
  explicit HttpClient(std::string address) : address_(std::move(address)) {}

  HttpAnswer Get(const std::string& target, const std::string& token = "") const { return Call("GET", target, token, ""); }
  HttpAnswer Post(const std::string& target, const std::string& token, const boost::json::value& body) const;
  // Any method, any body. Within ten seconds.
  HttpAnswer Call(const std::string& method, const std::string& target, const std::string& token, const std::string& body) const;

 private:
  const std::string address_;
};

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_CHECK_HTTP_H_
