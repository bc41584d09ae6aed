// UnderLoad: clients that move points through one or several servers while something happens to them, and what must be true afterwards.
// Each client keeps its own record of what it was told.
#pragma once

#include <functional>
#include <vector>

#include "tests/ledger/state/redis/redis_fixture.h"

namespace fenfen {

struct LoadPlan {
  int disturbances = 10;
  int partitions = 8;  // 0 …, so many of them
  // False: no client may be refused anything, for any reason.
  bool refusals_allowed = true;
  // Between two disturbances, of what all are told together.
  size_t acknowledged_between = 30;
};

// Calls `disturb` again and again (with 0, 1, 2…), each time after the one before is overcome; meanwhile each client repeats with the same
// key whatever is not certain, at the next server each time. Then all must still go on, every acknowledged operation be journaled exactly
// once, and each partition's state in Redis be the fold of the journal. A ledger whose server is killed may be left out of `whole`, those
// that are asked for that.
void UnderLoad(const std::vector<RedisLedger*>& ledgers, TestTail& tail, const std::function<void(int)>& disturb, const LoadPlan& plan = {},
               const std::vector<RedisLedger*>& whole = {});

}  // namespace fenfen
