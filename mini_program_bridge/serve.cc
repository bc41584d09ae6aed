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

ServeLoop::ServeLoop(int threads) {
  for (int i = 0; i < threads; ++i) {
    contexts_.push_back(std::make_unique<asio::io_context>(1));
    threads_.push_back(contexts_.back().get());
  }
}
ServeLoop::~ServeLoop() = default;

void ServeLoop::Run(const std::vector<std::shared_ptr<HttpServer>>& servers, absl::Duration grace) {
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> work;
  for (asio::io_context* thread : threads_) work.push_back(asio::make_work_guard(*thread));
  asio::signal_set signals(*io(), SIGTERM, SIGINT);
  asio::steady_timer poll(*io());
  absl::Time give_up;
  // Connections say nothing when they end, so a short poll watches them go.
  std::function<void()> drain = [&] {
    std::size_t open = 0;
    for (const auto& server : servers) open += server->connections();
    if (open == 0 || absl::Now() >= give_up) {
      for (asio::io_context* thread : threads_) thread->stop();
      return;
    }
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
  for (std::size_t i = 1; i < threads_.size(); ++i) crew.emplace_back([thread = threads_[i]] { thread->run(); });
  io()->run();
  for (std::thread& thread : crew) thread.join();
}

}  // namespace fenfen::bridge
