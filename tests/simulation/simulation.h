// Simulation: one seed's run. Clients send requests to a Machine, accidents happen to its disk and its clock, and after each step the
// engine is held against the Model. The run is one thread and takes every choice from its seed, so it goes the same way each time.
//
//   Simulation simulation({.seed = 7, .operations = 5000});
//   absl::Status status = simulation.Run();  // what differed, and at which step
//
// simulation.cc sends and judges; accidents.cc lets things happen; checks.cc compares.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "ledger/core/clock.h"
#include "ledger/core/projection.h"
#include "tests/simulation/clients.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/model.h"
#include "tests/simulation/random.h"
#include "tests/simulation/sim_disk.h"
#include "tests/simulation/tally.h"
#include "tests/simulation/trace.h"

namespace fenfen::sim {

struct SimulationOptions {
  uint64_t seed = 1;
  uint64_t operations = 5000;  // commands sent to the engine
  Canary canary = Canary::kNone;
  bool verbose = false;
};

// A status for people, without the refusal's bytes.
inline std::string Plain(const absl::Status& status) { return status.ToString(absl::StatusToStringMode::kWithNoExtraData); }

class Simulation final : private Projection {
 public:
  explicit Simulation(const SimulationOptions& options);

  // Runs it to the end, or to the first difference.
  absl::Status Run();

  const Tally& tally() const { return tally_; }
  uint64_t trace_hash() const { return trace_.hash(); }
  uint64_t step() const { return step_; }

 private:
  // How often each accident is, one in so many steps; 0 for never. Chosen anew for each seed, so that each can go by itself.
  struct Odds {
    uint64_t kill = 0;
    uint64_t power_cut = 0;
    uint64_t orderly_restart = 0;
    uint64_t sync_error = 0;
    uint64_t write_error = 0;
    uint64_t full_disk = 0;
    uint64_t misdirection = 0;
    uint64_t flip_at_rest = 0;
    uint64_t flip_in_use = 0;
    uint64_t clock_jump = 0;
    uint64_t snapshot = 0;
    uint64_t write_pause = 3;  // one in so many steps writes what is queued
  };
  // A request on its way, and what must come of it.
  struct Sent {
    SharedRequest request;
    std::shared_ptr<bool> decided = std::make_shared<bool>(false);
    Model::Known known;
    bool may_be_forgotten = false;
    Model::Executed expected;
  };
  struct Sending {
    std::vector<Sent> sent;
    bool may_be_refused = false;  // for now
    bool expected = false;        // `sent` is filled in
    bool answered = false;
    std::vector<absl::StatusOr<Outcome>> replies;
  };
  enum class End { kOrderly, kKill, kPowerCut };

  // simulation.cc
  absl::Status Boot();
  void Step();
  void Send(std::vector<SharedRequest> requests);
  void Expect(Sent& sent);
  void Judge(const Sending& sending, const Sent& sent, const absl::StatusOr<Outcome>& reply);
  void JudgeOutcome(const Sent& sent, const Outcome& outcome);
  void JudgeRefusal(const Sending& sending, const Sent& sent, const absl::Status& refusal);
  void Write();
  void MoveClock();
  void Fail(std::string what);
  // The journal writes.
  bool Healthy() const { return machine_.running() && !disk_.dead() && !machine_.stopped(); }

  // accidents.cc
  static Odds ChooseOdds(Random& random, bool archives);
  void ArmAccidents();
  void HaveAccident();
  void EndAndStart(End end);
  void StopMachine(End end);
  // Starts the machine, through accidents that happen meanwhile.
  void Start();
  absl::Status StartOnce();
  bool SendUntilQueued();
  void Misdirect(End end);
  void FlipAtRest(End end);
  void FlipInUse();
  void TakeSnapshot();
  void LiftLimit();

  // checks.cc
  // The witness.
  void Apply(const CommittedTransaction& committed) override;
  void Restore(const PartitionContents& contents) override;
  void CheckRecovered();
  void CheckHousehold(HouseholdId household);
  void CompareHousehold(const View& view, HouseholdId household);
  void CheckStoredEntry();
  void CheckAll();
  void CheckDamageReport(const absl::Status& status);
  std::map<PartitionId, State::Digest> Digests(const State& state);

  const SimulationOptions options_;
  Random random_;
  Trace trace_;
  ManualClock clock_;
  SimDisk disk_;
  Model model_;
  Clients clients_;
  Machine machine_;
  const Odds odds_;
  Tally tally_;
  absl::Status failure_;

  uint64_t step_ = 0;
  uint64_t open_ = 0;           // commands and reads without an answer
  bool room_was_short_ = true;  // the spare segment may be missing
  bool damaged_ = false;        // the disk holds what the engine did not write
  uint64_t next_check_ = 500;
  SequenceVector witnessed_{};
  std::map<PartitionId, State::Digest> digests_at_end_;
};

}  // namespace fenfen::sim
