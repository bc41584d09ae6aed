#include "clients/station/upload/fleet.h"

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace fenfen::station {

absl::StatusOr<std::unique_ptr<Fleet>> Fleet::Open(std::vector<Device> devices, client::Client* client, const client::Clock& clock,
                                                   FleetOptions options) {
  std::unique_ptr<Fleet> fleet(new Fleet(client, clock, options));
  for (Device& device : devices) {
    const std::string name = device.name;
    absl::StatusOr<std::unique_ptr<Uploader>> uploader = Uploader::Open(std::move(device), client, clock, &fleet->counts_);
    if (!uploader.ok()) return absl::Status(uploader.status().code(), absl::StrCat(name, ": ", uploader.status().message()));
    fleet->members_.push_back({});
    fleet->members_.back().uploader = *std::move(uploader);
  }
  return fleet;
}

bool Fleet::Run(const std::atomic<bool>& stop, const std::function<void(const FleetProgress&)>& report) {
  std::vector<std::thread> threads;
  for (int i = 0; i < options_.threads; ++i) threads.emplace_back([this, &stop] { Work(stop); });
  absl::Time report_after = absl::Now();
  while (!stop) {
    const bool done = Schedule();
    if (done && options_.drain) break;
    if (absl::Now() >= report_after) {
      report(Progress());
      report_after = absl::Now() + absl::Milliseconds(500);
    }
    absl::SleepFor(options_.poll);
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
  }
  ready_changed_.notify_all();
  for (std::thread& thread : threads) thread.join();
  const FleetProgress progress = Progress();
  report(progress);
  return progress.blocked == 0;
}

bool Fleet::Schedule() {
  const absl::Time now = clock_();
  bool done = true;
  std::lock_guard<std::mutex> lock(mutex_);
  EndPauseEarly(now);
  for (Member& member : members_) {
    if (member.busy) {
      done = false;
      continue;
    }
    // In a drain a device that is not accepted has had its chance.
    if (member.blocked && options_.drain) continue;
    const bool waiting = now < member.not_before || now < fleet_not_before_;
    if (waiting) {
      done = done && member.failures == 0 && now >= fleet_not_before_;
      continue;
    }
    if (!member.uploader->HasWork()) continue;
    done = false;
    member.busy = true;
    ready_.push_back(&member);
    ready_changed_.notify_one();
  }
  return done;
}

void Fleet::EndPauseEarly(absl::Time now) {
  if (now >= fleet_not_before_) return;
  const bool reachable = client_->servers().IsReachable();
  // Merely being connected is no reason: a server that refuses while it ends is connected all the time.
  if (reachable && seen_down_) fleet_not_before_ = now;
  seen_down_ = !reachable;
}

void Fleet::Work(const std::atomic<bool>& stop) {
  while (true) {
    Member* member = nullptr;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      ready_changed_.wait(lock, [this] { return closing_ || !ready_.empty(); });
      if (closing_) return;
      member = ready_.front();
      ready_.pop_front();
      if (clock_() < fleet_not_before_) {
        // The server went away since this device was queued; it is queued again after the pause.
        member->busy = false;
        continue;
      }
    }
    const SessionEnd end = member->uploader->Session(stop);
    TakeEnd(member, end);
  }
}

void Fleet::TakeEnd(Member* member, const SessionEnd& end) {
  std::lock_guard<std::mutex> lock(mutex_);
  const absl::Time now = clock_();
  member->busy = false;
  member->blocked = end.kind == SessionEnd::Kind::kBlocked;
  if (!end.why.empty()) last_trouble_ = absl::StrCat(member->uploader->device().name, ": ", end.why);
  switch (end.kind) {
    case SessionEnd::Kind::kEmpty:
    case SessionEnd::Kind::kTurnOver:
      member->failures = 0;
      fleet_failures_ = 0;
      return;
    case SessionEnd::Kind::kBlocked:
      member->not_before = now + options_.blocked_delay;
      return;
    case SessionEnd::Kind::kRetry:
      // Of all the sessions that one outage ends, one counts.
      if (end.transport && now >= fleet_not_before_) {
        seen_down_ = false;
        fleet_not_before_ = now + client::RetryDelay(options_.retry, ++fleet_failures_, end.delay, client::SystemRandom());
      }
      ++member->failures;
      member->not_before =
          now + client::RetryDelay(options_.retry, end.transport ? 1 : member->failures, end.delay, client::SystemRandom());
      return;
  }
}

FleetProgress Fleet::Progress() {
  std::lock_guard<std::mutex> lock(mutex_);
  FleetProgress progress{counts_.credited, counts_.replayed, counts_.rejected, 0, last_trouble_};
  for (const Member& member : members_) progress.blocked += member.blocked;
  return progress;
}

}  // namespace fenfen::station
