#include "clients/ctl/check/http.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fenfen::ctl {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace asio = boost::asio;

constexpr auto kCallMax = std::chrono::seconds(10);

// Runs one step of a call; an exhausted time ends it with an error.
template <typename Step>
boost::system::error_code Await(asio::io_context* io, beast::tcp_stream* stream, Step step) {
  boost::system::error_code result = asio::error::timed_out;
  stream->expires_after(kCallMax);
  step([&result](boost::system::error_code error, auto&&...) { result = error; });
  io->restart();
  io->run();
  return result;
}

}  // namespace

const boost::json::value& HttpAnswer::At(const std::string& path) const {
  static const boost::json::value kNull;
  const boost::json::value* at = &json;
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(path, '.'))) {
    size_t position = 0;
    if (at->is_object()) {
      at = at->as_object().if_contains(part);
    } else if (at->is_array() && absl::SimpleAtoi(part, &position)) {
      at = at->as_array().if_contains(position);
    } else {
      at = nullptr;
    }
    if (at == nullptr) return kNull;
  }
  return *at;
}

std::string HttpAnswer::Text(const std::string& path) const {
  const boost::json::value& value = At(path);
  if (value.is_string()) return std::string(value.as_string());
  return value.is_null() ? "" : boost::json::serialize(value);
}

int64_t HttpAnswer::Number(const std::string& path) const {
  int64_t number = 0;
  return absl::SimpleAtoi(Text(path), &number) ? number : 0;
}

HttpAnswer HttpClient::Post(const std::string& target, const std::string& token, const boost::json::value& body) const {
  return Call("POST", target, token, boost::json::serialize(body));
}

HttpAnswer HttpClient::Call(const std::string& method, const std::string& target, const std::string& token, const std::string& body) const {
  HttpAnswer answer;
  const size_t colon = address_.rfind(':');
  asio::io_context io;
  boost::system::error_code error;
  const asio::ip::address host = asio::ip::make_address(address_.substr(0, colon), error);
  unsigned port = 0;
  if (error || !absl::SimpleAtoi(address_.substr(colon + 1), &port)) {
    answer.body = absl::StrCat("not an address: ", address_);
    return answer;
  }
  beast::tcp_stream stream(io);
  const asio::ip::tcp::endpoint endpoint(host, static_cast<uint16_t>(port));
  error = Await(&io, &stream, [&](auto done) { stream.async_connect(endpoint, done); });
  http::request<http::string_body> request;
  request.method_string(method);
  request.target(target);
  request.version(11);
  request.set(http::field::host, address_);
  if (!token.empty()) request.set(http::field::authorization, absl::StrCat("Bearer ", token));
  if (method == "POST") request.set(http::field::content_type, "application/json");
  request.body() = body;
  request.prepare_payload();
  // A server that refuses a body may answer before it has taken all of it, so an error of writing does not end the call.
  if (!error) Await(&io, &stream, [&](auto done) { http::async_write(stream, request, done); });
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  if (!error) error = Await(&io, &stream, [&](auto done) { http::async_read(stream, buffer, response, done); });
  if (error) {
    answer.body = error.message();
    return answer;
  }
  answer.status = static_cast<int>(response.result_int());
  answer.content_type = std::string(response[http::field::content_type]);
  answer.body = response.body();
  boost::json::value parsed = boost::json::parse(answer.body, error);
  if (!error) answer.json = std::move(parsed);
  return answer;
}

}  // namespace fenfen::ctl
