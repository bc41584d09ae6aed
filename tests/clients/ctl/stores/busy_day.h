// BusyDay: a day of a small district in a journal: a catalogue, enrolments, and drops through the hours, decided as the server decides
// them, over whichever State. It can be interrupted and gone on with over another State or another journal with the same entries.
//
//   BusyDay day;
//   {
//     BusyDay::Server server(state, *journal, day);
//     server.Enrol(100);
//     server.Drop(500);
//   }
//
// Not thread-safe.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/time/clock.h"
#include "clients/ctl/bench/district.h"
#include "clients/ctl/bench/keys.h"
#include "clients/ctl/bench/load.h"
#include "ledger/core/clock.h"
#include "ledger/engine/engine.h"
#include "ledger/journal/journal.h"
#include "ledger/points/catalogue.h"
#include "ledger/state/state.h"

namespace fenfen::ctl {

class BusyDay {
 public:
  // An engine while it is there. `tail` is for a State that outlives it: told of the engine after its start.
  class Server {
   public:
    Server(State& state, Journal& journal, BusyDay& day) : day_(day), engine_(state, journal, day.clock_, {&catalogue_}) {
      const absl::Status started = engine_.Start();
      EXPECT_TRUE(started.ok()) << started;
    }
    ~Server() { EXPECT_TRUE(engine_.Stop().ok()); }

    // Once the State takes work.
    void Begin() {
      if (catalogue_.Snapshot()->rules() != nullptr) return;
      const std::vector<std::string> keys(kDevices, std::string(32, 'k'));
      const auto done = engine_.SubmitAndWait(bench::CatalogueCommand(bench::BenchCatalogue(keys), day_.keys_.Next(), absl::Now()));
      EXPECT_TRUE(done.ok()) << done.status();
    }
    void Enrol(uint32_t households) {
      std::vector<Command> commands;
      for (uint32_t n = 0; n < households; ++n, ++day_.households_) {
        commands.push_back(bench::EnrolmentCommand(bench::EnrolmentOfAccount(day_.households_, true), day_.keys_.Next(), absl::Now(),
                                                   catalogue_.Snapshot()));
      }
      Submit(std::move(commands));
    }
    void Drop(int drops) {
      const bench::DropSetting setting{absl::Now(), bench::ProgrammeZone(), catalogue_.Snapshot()};
      std::vector<Command> commands;
      for (int n = 0; n < drops; ++n, ++day_.drops_) {
        const auto household = static_cast<uint32_t>(MixBits(day_.drops_) % day_.households_);
        commands.push_back(bench::DropCommand(household, day_.drops_ % kDevices, day_.drops_ / kDevices + 1, setting));
      }
      Submit(std::move(commands));
    }
    Engine& engine() { return engine_; }

   private:
    void Submit(std::vector<Command> commands) {
      const absl::Status done = bench::SubmitAllAndWait(engine_, std::move(commands));
      EXPECT_TRUE(done.ok()) << done;
    }

    BusyDay& day_;
    CatalogueStore catalogue_;
    Engine engine_;
  };

 private:
  static constexpr size_t kDevices = 3;
  const SystemClock clock_;
  bench::KeySource keys_{1};
  uint32_t households_ = 0;
  uint64_t drops_ = 0;
};

}  // namespace fenfen::ctl
