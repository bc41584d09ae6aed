// What happens to the machine: it is killed, its power is cut, its disk fails, fills up, writes to the wrong place or forgets.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/simulation/simulation.h"

namespace fenfen::sim {
namespace {

constexpr uint64_t kOperationsUntilDeathMax = 40;
constexpr uint64_t kOperationsUntilErrorMax = 10;
constexpr uint64_t kLimitBytesMax = 120u << 10;
constexpr uint64_t kOverpromiseBytes = 40u << 10;
constexpr int kStartsMax = 20;
constexpr int kSendsMax = 50;

}  // namespace

// Half of the accidents can happen in a seed at all, some of them often.
Simulation::Odds Simulation::ChooseOdds(Random& random, bool archives) {
  const auto choose = [&random](uint64_t usual) -> uint64_t { return random.OneIn(2) ? 0 : random.OneIn(4) ? usual / 4 : usual; };
  Odds odds;
  odds.kill = choose(500);
  odds.power_cut = choose(500);
  odds.orderly_restart = choose(1500);
  odds.sync_error = choose(700);
  odds.write_error = choose(1500);
  odds.full_disk = choose(500);
  odds.misdirection = choose(1500);
  odds.flip_at_rest = choose(1500);
  odds.flip_in_use = choose(500);
  odds.clock_jump = choose(200);
  odds.snapshot = choose(400);
  odds.write_pause = 1 + random.Below(6);
  // Only what is old and lies within two snapshots is archived.
  if (archives) odds.snapshot = odds.clock_jump = 100;
  return odds;
}

// What strikes at some operation of the disk in the next steps.
void Simulation::ArmAccidents() {
  if (!Healthy()) return;
  if (random_.OneIn(odds_.kill) || random_.OneIn(odds_.power_cut)) disk_.DieAfter(1 + random_.Below(kOperationsUntilDeathMax));
  if (random_.OneIn(odds_.sync_error)) disk_.FailSyncAfter(1 + random_.Below(kOperationsUntilErrorMax));
  if (random_.OneIn(odds_.write_error)) disk_.FailWriteAfter(1 + random_.Below(kOperationsUntilErrorMax));
  if (disk_.limited()) {
    // Long enough for the spare segments to be used up.
    if (random_.OneIn(150)) LiftLimit();
  } else if (random_.OneIn(odds_.full_disk)) {
    ++tally_.full_disks;
    trace_.Event("full", {});
    disk_.LimitFreeBytes(random_.Below(kLimitBytesMax), random_.OneIn(3) ? kOverpromiseBytes : 0);
  }
}

// What happens between two steps.
void Simulation::HaveAccident() {
  const End end = random_.OneIn(2) ? End::kKill : End::kPowerCut;
  if (disk_.dead()) return EndAndStart(end);
  if (disk_.failed()) {
    if (disk_.tries_after_failure() != 0) return Fail("a write or a sync after one that failed");
    // For a while it goes on, with reads at least.
    if (random_.OneIn(10)) EndAndStart(end);
    return;
  }
  if (random_.OneIn(odds_.orderly_restart)) return EndAndStart(End::kOrderly);
  if (random_.OneIn(odds_.snapshot)) return TakeSnapshot();
  if (disk_.limited()) return;
  if (random_.OneIn(odds_.misdirection)) return Misdirect(end);
  if (random_.OneIn(odds_.flip_at_rest)) return FlipAtRest(end);
  if (random_.OneIn(odds_.flip_in_use)) return FlipInUse();
}

void Simulation::LiftLimit() {
  if (!disk_.limited()) return;
  disk_.LiftLimit();
  for (int n = 0; Healthy() && n < 2; ++n) machine_.RunOnce();
  if (!Healthy()) return;
  if (absl::Status status = machine_.journal().Admit(); !status.ok()) Fail(absl::StrCat("there is room again, and ", Plain(status)));
}

// --- Ends and starts.

void Simulation::EndAndStart(End end) {
  StopMachine(end);
  Start();
}

void Simulation::StopMachine(End end) {
  trace_.Event("end", {static_cast<uint64_t>(end)});
  digests_at_end_ = Digests(machine_.state());
  if (end == End::kOrderly) {
    const absl::Status status = machine_.engine().Stop();
    if (Healthy() && !status.ok()) Fail(absl::StrCat("stop: ", Plain(status)));
  } else {
    disk_.DieAfter(0);
  }
  tally_.io_errors += disk_.failed() ? 1 : 0;
  tally_.segments_archived += machine_.journal().Metrics().segments_archived;
  machine_.Stop();
  if (open_ != 0) Fail(absl::StrCat(open_, " calls were never answered"));
  if (end == End::kPowerCut) {
    ++tally_.power_cuts;
    disk_.CutPower();
  } else {
    ++tally_.kills;
    disk_.RestartProcess();
  }
}

absl::Status Simulation::StartOnce() {
  witnessed_ = SequenceVector{};
  room_was_short_ = true;
  ++tally_.starts;
  return machine_.Start();
}

void Simulation::Start() {
  for (int n = 0; failure_.ok() && n < kStartsMax; ++n) {
    if (n < kStartsMax / 2 && random_.OneIn(4)) {
      if (odds_.kill != 0) disk_.DieAfter(1 + random_.Below(kOperationsUntilDeathMax / 4));
      if (odds_.sync_error != 0) disk_.FailSyncAfter(1 + random_.Below(kOperationsUntilErrorMax / 2));
    }
    const absl::Status status = StartOnce();
    trace_.Event("start", {static_cast<uint64_t>(status.code())});
    if (status.ok()) {
      tally_.starts_from_snapshots += machine_.begun_from() != 0 ? 1 : 0;
      CheckRecovered();
      // One end may come right after another.
      if (odds_.kill != 0 && random_.OneIn(4)) disk_.DieAfter(1 + random_.Below(kOperationsUntilDeathMax));
      return;
    }
    if (!disk_.dead() && !disk_.failed()) return Fail(absl::StrCat("start: ", Plain(status)));
    if (random_.OneIn(2)) {
      disk_.CutPower();
    } else {
      disk_.RestartProcess();
    }
  }
  Fail("does not start");
}

// A snapshot fails where the disk does, and is worth nothing then; the ledger goes on.
void Simulation::TakeSnapshot() {
  const absl::Status status = machine_.TakeSnapshot();
  room_was_short_ = true;  // it flushed the journal, which may have taken the spare segment
  trace_.Event("snapshot", {static_cast<uint64_t>(status.code())});
  ++tally_.snapshots;
  if (!status.ok() && !disk_.dead() && !disk_.failed() && !disk_.limited()) Fail(absl::StrCat("snapshot: ", Plain(status)));
}

// --- Damage.

// Sends until an effect waits to be written. False where none comes.
bool Simulation::SendUntilQueued() {
  for (int n = 0; failure_.ok() && n < kSendsMax; ++n) {
    if (open_ != 0) return true;
    Send(clients_.Next(clock_.Now()));
  }
  return open_ != 0;
}

// A group goes astray, and another follows it in the right place: the journal must not start on that.
void Simulation::Misdirect(End end) {
  disk_.Disarm();
  Write();
  Write();  // makes the spare segment, if that is missing: it is a group that shall go astray
  if (!SendUntilQueued()) return;
  damaged_ = true;
  disk_.MisdirectNextWrite();
  Write();
  if (!SendUntilQueued()) {
    Fail("nothing is accepted any more");
    return;
  }
  Write();
  ++tally_.misdirected_writes;
  trace_.Event("misdirected", {});
  if (!disk_.misdirected()) return Fail("nothing was written");
  StopMachine(end);
  const absl::Status status = StartOnce();
  if (status.ok()) {
    CheckRecovered();
    machine_.Stop();
  } else {
    CheckDamageReport(status);
  }
  disk_.UndoMisdirection();
  damaged_ = false;
  Start();
}

// A bit changes while the program is not running: it is reported, or nothing is the worse for it.
void Simulation::FlipAtRest(End end) {
  StopMachine(end);
  const std::vector<std::string> paths = disk_.Paths();
  const std::string path = random_.Pick(paths);
  if (disk_.SizeOf(path) == 0) return Start();
  const uint64_t offset = random_.Below(disk_.SizeOf(path));
  const int bit = static_cast<int>(random_.Below(8));
  disk_.FlipBit(path, offset, bit);
  const char flipped = disk_.ByteAt(path, offset);
  ++tally_.flipped_bits;
  trace_.Event("flipped", {StableHash(path), offset});
  const absl::Status status = StartOnce();
  if (!status.ok()) {
    CheckDamageReport(status);
  } else {
    CheckRecovered();
    disk_.DieAfter(0);
    machine_.Stop();
    disk_.RestartProcess();
  }
  // The start may have cleared it away with the rest of an unfinished group.
  if (disk_.ByteAt(path, offset) == flipped) disk_.FlipBit(path, offset, bit);
  Start();
}

// A bit of an entry changes under the running program: whoever asks for the entry is told, and gets nothing else instead.
void Simulation::FlipInUse() {
  disk_.Disarm();
  Write();
  const std::vector<PartitionId> partitions = model_.Partitions();
  const PartitionId partition = random_.Pick(partitions);
  const uint64_t last = machine_.journal().LastDurable(partition).value();
  if (last == 0 || !Healthy()) return;
  const PartitionSeq seq(1 + random_.Below(last));
  const absl::StatusOr<JournalPlace> place = machine_.engine().Locate(partition, seq);
  if (machine_.IsOfArchive(place.status())) return;
  if (!place.ok()) return Fail(absl::StrCat("locate: ", Plain(place.status())));
  const std::string path = absl::StrCat("journal/", place->segment);
  const std::vector<std::string> paths = disk_.Paths();
  if (std::find(paths.begin(), paths.end(), path) == paths.end()) return;  // it is compressed
  const uint64_t offset = place->offset + random_.Below(64);
  const int bit = static_cast<int>(random_.Below(8));
  disk_.FlipBit(path, offset, bit);
  ++tally_.flipped_bits;
  const absl::StatusOr<CommittedTransaction> spoilt = machine_.engine().Load(partition, seq);
  if (spoilt.ok()) Fail(absl::StrCat(path, " has another bit at ", offset, ", and the entry there is read"));
  if (!spoilt.ok()) CheckDamageReport(spoilt.status());
  disk_.FlipBit(path, offset, bit);
  const absl::StatusOr<CommittedTransaction> sound = machine_.engine().Load(partition, seq);
  if (!sound.ok()) Fail(absl::StrCat("load: ", Plain(sound.status())));
}

}  // namespace fenfen::sim
