#include "mini_program_bridge/serve.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <thread>

#include "absl/time/clock.h"

namespace fenfen::bridge {

namespace asio = boost::asio;

ServeLoop::ServeLoop() : io_(std::make_unique<asio::io_context>()) {}
ServeLoop::~ServeLoop() = default;

void ServeLoop::Run(const std::vector<std::shared_ptr<HttpServer>>& servers, int threads, absl::Duration grace) {
  auto work = asio::make_work_guard(*io_);
  asio::signal_set signals(*io_, SIGTERM, SIGINT);
  asio::steady_timer poll(*io_);
  absl::Time give_up;
  // Connections say nothing when they end, so a short poll watches them go.
  std::function<void()> drain = [&] {
    std::size_t open = 0;
    for (const auto& server : servers) open += server->connections();
    if (open == 0 || absl::Now() >= give_up) return io_->stop();
    poll.expires_after(std::chrono::milliseconds(20));
    poll.async_wait([&](boost::system::error_code) { drain(); });
  };
  signals.async_wait([&](boost::system::error_code error, int) {
    if (error) return;
    give_up = absl::Now() + grace;
    for (const auto& server : servers) server->Stop();
    drain();
  });
  std::vector<std::thread> crew;
  for (int i = 1; i < threads; ++i) crew.emplace_back([&] { io_->run(); });
  io_->run();
  for (std::thread& thread : crew) thread.join();
}

}  // namespace fenfen::bridge
