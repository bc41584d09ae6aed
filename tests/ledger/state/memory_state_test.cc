// MemoryState against the conformance suite.
#include "ledger/state/memory_state.h"

#include "tests/ledger/state/state_conformance.h"

namespace fenfen {

INSTANTIATE_TEST_SUITE_P(Memory, StateConformance, testing::Values(StateFactory([] { return std::make_unique<MemoryState>(); })));

}  // namespace fenfen
