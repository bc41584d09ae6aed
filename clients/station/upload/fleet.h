// Keeps the queues of many devices uploading over one client with a fixed number of threads: whichever device has something to send gets a
// thread for a short session, in turn.
//
// Where no server can be reached the whole fleet pauses, with back-off, but no longer than until one is seen to come back; anything else
// concerns one device alone. A device that the server does not accept is tried again every minute. Thread-safe where it says so.
#ifndef FENFEN_CLIENTS_STATION_UPLOAD_FLEET_H_
#define FENFEN_CLIENTS_STATION_UPLOAD_FLEET_H_

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "clients/cpp/retry.h"
#include "clients/station/device.h"
#include "clients/station/upload/uploader.h"

namespace fenfen::station {

// How to run a fleet.
struct FleetOptions {
  int threads = 16;
  bool drain = false;  // end once every queue is empty
  client::RetryPolicy retry = {.attempts_max = 0, .delay_first = absl::Milliseconds(100), .delay_max = absl::Seconds(1)};
  absl::Duration blocked_delay = absl::Minutes(1);  // between tries of a device that is not accepted
  absl::Duration poll = absl::Milliseconds(100);    // how often idle queues are looked at
};

// How the fleet is doing.
struct FleetProgress {
  int64_t credited = 0, replayed = 0, rejected = 0;
  int blocked = 0;           // devices that are not accepted
  std::string last_trouble;  // the last reason for a retry or a block, for people
};

// The fleet.
class Fleet {
 public:
  // Opens every device's queue; the first error ends it.
  static absl::StatusOr<std::unique_ptr<Fleet>> Open(std::vector<Device> devices, client::Client* client, const client::Clock& clock,
                                                     FleetOptions options);

  // Uploads until `stop`, or with drain until the queues are empty or blocked. `report` is called from this thread, about twice a second
  // and at the end. Returns false if a device is blocked at the end of a drain. Call once.
  bool Run(const std::atomic<bool>& stop, const std::function<void(const FleetProgress&)>& report);

 private:
  struct Member {
    std::unique_ptr<Uploader> uploader;
    bool busy = false;  // queued or in a session
    bool blocked = false;
    int failures = 0;
    absl::Time not_before = absl::InfinitePast();
  };

  Fleet(client::Client* client, client::Clock clock, FleetOptions options) : client_(client), clock_(std::move(clock)), options_(options) {}
  void Work(const std::atomic<bool>& stop);
  void TakeEnd(Member* member, const SessionEnd& end);
  // Queues every device with something to send. True if none has anything left to do.
  bool Schedule();
  // Ends the fleet's pause where a server that was out of reach is in reach again.
  void EndPauseEarly(absl::Time now);
  FleetProgress Progress();

  client::Client* const client_;
  const client::Clock clock_;
  const FleetOptions options_;
  UploadCounts counts_;
  std::vector<Member> members_;

  std::mutex mutex_;
  std::condition_variable ready_changed_;
  std::deque<Member*> ready_;                           // guarded by mutex_, as is what members say beside their uploader
  bool closing_ = false;                                // guarded by mutex_
  absl::Time fleet_not_before_ = absl::InfinitePast();  // guarded by mutex_
  bool seen_down_ = false;                              // guarded by mutex_; no server was in reach during this pause
  int fleet_failures_ = 0;                              // guarded by mutex_
  std::string last_trouble_;                            // guarded by mutex_
};

}  // namespace fenfen::station

#endif  // FENFEN_CLIENTS_STATION_UPLOAD_FLEET_H_
