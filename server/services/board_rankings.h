// Rankings of boards, kept for a moment: sorting a district takes tenths of a second, and many look at the same board. A small one is made
// anew each time, a large one at most every kAgeMax or fifty times what it takes, whichever is longer. Who leaves the boards is taken out
// at once. Memory: at most kBytesMax. Thread-safe.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/points/catalogue.h"
#include "ledger/projections/players.h"

namespace fenfen::server {

class BoardRankings {
 public:
  static constexpr size_t kKeptFrom = 4096;  // players: of fewer none is kept
  static constexpr size_t kBytesMax = 64u << 20;
  static constexpr absl::Duration kAgeMax = absl::Seconds(2);

  explicit BoardRankings(const Players& players) : players_(players) {}

  using Places = std::shared_ptr<const std::vector<Standing>>;
  // `name` tells rankings apart: the board, its period and the region.
  Places Rank(const std::string& name, const Players::Ranking& ranking);
  // True if Rank would have to sort many: not on a thread that answers calls.
  bool IsSlow(const std::string& name, const Players::Ranking& ranking) const;

  // The regions of households and teams that are or lie in `region`, for Players::Ranking.
  std::vector<CatalogueId> RegionsWithin(const Catalogue& catalogue, CatalogueId region) const;

 private:
  struct Kept {
    std::string name;
    Places places;
    absl::Time good_until;
    uint64_t hidings = 0;
  };
  Places Find(const std::string& name);
  void Keep(Kept kept);

  const Players& players_;
  mutable absl::Mutex mutex_;
  std::list<Kept> kept_ ABSL_GUARDED_BY(mutex_);  // the one used last first
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Mutex making_;  // large ones one at a time, never within mutex_
};

}  // namespace fenfen::server
