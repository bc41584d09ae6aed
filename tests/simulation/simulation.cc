#include "tests/simulation/simulation.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace fenfen::sim {
namespace {

constexpr uint64_t kOperationsBetweenChecks = 500;
constexpr uint64_t kLostReplyOneIn = 8;
constexpr absl::CivilSecond kBeginning(2026, 3, 1, 8, 0, 0);
constexpr absl::Duration kClockRange = absl::Hours(24 * 365 * 3);

absl::Time Beginning() { return absl::FromCivil(kBeginning, absl::FixedTimeZone(8 * 60 * 60)); }

bool ForNow(Reason reason) { return reason == Reason::REASON_OVERLOADED || reason == Reason::REASON_STORAGE_FULL; }

// Every fourth seed has an archive.
bool Archives(uint64_t seed) { return seed % 4 == 3; }

}  // namespace

Simulation::Simulation(const SimulationOptions& options)
    : options_(options),
      random_(options.seed),
      trace_(options.verbose),
      clock_(Beginning()),
      disk_(random_),
      clients_(random_, model_),
      machine_(disk_, clock_, *this, options.canary, Archives(options.seed)),
      odds_(ChooseOdds(random_, Archives(options.seed))) {}

void Simulation::Fail(std::string what) {
  if (failure_.ok()) failure_ = absl::InternalError(absl::StrCat("step ", step_, ": ", what));
}

absl::Status Simulation::Run() {
  if (absl::Status status = Boot(); !status.ok()) return status;
  while (failure_.ok() && tally_.operations < options_.operations) Step();
  if (failure_.ok()) {
    // In the end everything is at rest, whatever was the matter before.
    disk_.Disarm();
    LiftLimit();
    EndAndStart(Healthy() ? End::kOrderly : End::kKill);
    if (failure_.ok()) CheckAll();
  }
  if (machine_.running()) tally_.segments_archived += machine_.journal().Metrics().segments_archived;
  machine_.Stop();
  return failure_;
}

absl::Status Simulation::Boot() {
  if (absl::Status status = machine_.Start(); !status.ok()) return status;
  Write();
  Send({clients_.Catalogue(clock_.Now())});
  Write();
  Send(clients_.Enrolments(clock_.Now()));
  Write();
  return failure_;
}

void Simulation::Step() {
  trace_.BeginStep(++step_);
  MoveClock();
  ArmAccidents();
  std::vector<SharedRequest> requests = clients_.Next(clock_.Now());
  const HouseholdId touched = random_.Pick(clients_.households());
  Send(std::move(requests));
  if (random_.OneIn(odds_.write_pause)) Write();
  CheckHousehold(touched);
  if (random_.OneIn(4)) CheckStoredEntry();
  if (failure_.ok()) HaveAccident();
  if (failure_.ok() && tally_.operations >= next_check_) {
    next_check_ = tally_.operations + kOperationsBetweenChecks;
    CheckAll();
  }
}

void Simulation::MoveClock() {
  clock_.Advance(absl::Seconds(random_.Between(0, 300)));
  if (!random_.OneIn(odds_.clock_jump)) return;
  ++tally_.clock_jumps;
  const int64_t days = random_.OneIn(8) ? 500 : random_.OneIn(4) ? 60 : 3;
  const absl::Time to = clock_.Now() + absl::Minutes(random_.Between(-days * 24 * 60, days * 24 * 60));
  if (to < Beginning() || to > Beginning() + kClockRange) return;
  trace_.Event("clock", {static_cast<uint64_t>(absl::ToUnixSeconds(to))});
  clock_.Set(to);
}

// --- Sending.

void Simulation::Send(std::vector<SharedRequest> requests) {
  if (!Healthy() && disk_.dead()) return;
  auto sending = std::make_shared<Sending>();
  std::vector<Command> commands;
  // Work may be refused for now where some is queued, where the spare segment is not made yet, or where there was no room.
  sending->may_be_refused = open_ != 0 || room_was_short_ || disk_.limited();
  for (SharedRequest& request : requests) {
    Sent& sent = sending->sent.emplace_back();
    commands.push_back(machine_.CommandFor(request, sent.decided));
    trace_.Event("send", {request->number, request->body.index(), request->partition.value()});
    sent.request = std::move(request);
  }
  tally_.operations += commands.size();
  open_ += commands.size();
  machine_.engine().SubmitAll(std::move(commands), [this, sending](std::vector<absl::StatusOr<Outcome>> replies) {
    if (std::exchange(sending->answered, true)) return Fail("a call was answered twice");
    open_ -= replies.size();
    if (!sending->expected) {
      sending->replies = std::move(replies);
      return;
    }
    for (size_t i = 0; i < replies.size(); ++i) Judge(*sending, sending->sent[i], replies[i]);
  });
  for (Sent& sent : sending->sent) Expect(sent);
  sending->expected = true;
  if (!sending->answered) return;
  for (size_t i = 0; i < sending->sent.size(); ++i) Judge(*sending, sending->sent[i], sending->replies[i]);
}

// The decision ran, or it did not: that tells whether the engine took the key for new.
void Simulation::Expect(Sent& sent) {
  sent.known = model_.Find(*sent.request);
  sent.may_be_forgotten = model_.MayBeForgotten(*sent.request);
  if (!*sent.decided) return;
  if (sent.known.key != Model::Key::kNew) {
    return Fail(absl::StrCat("request ", sent.request->number, ": its key had an effect before, ", sent.known.seq.value(),
                             ", and is decided again"));
  }
  sent.expected = model_.Execute(sent.request, clock_.Now());
}

// --- Judging.

void Simulation::Judge(const Sending& sending, const Sent& sent, const absl::StatusOr<Outcome>& reply) {
  const Reason reason = reply.ok() ? Reason::REASON_UNSPECIFIED : RefusalOf(reply.status()).reason;
  trace_.Event("reply", {sent.request->number, static_cast<uint64_t>(reason), reply.ok() ? reply->committed.seq.value() : 0});
  if (reply.ok()) {
    JudgeOutcome(sent, *reply);
  } else {
    JudgeRefusal(sending, sent, reply.status());
  }
  const bool unknown = ForNow(reason) || reason == Reason::REASON_JOURNAL_FAILED;
  if (unknown || random_.OneIn(kLostReplyOneIn)) {
    clients_.Unanswered(sent.request);
  } else {
    clients_.Answered(sent.request);
  }
}

void Simulation::JudgeOutcome(const Sent& sent, const Outcome& outcome) {
  const std::string who = absl::StrCat("request ", sent.request->number, ": ");
  if (outcome.replayed == *sent.decided) return Fail(absl::StrCat(who, "a repetition and a first time are taken for each other"));
  if (!*sent.decided && sent.known.key != Model::Key::kSame) return Fail(absl::StrCat(who, "repeats what never was"));
  if (*sent.decided && sent.expected.refusal != Reason::REASON_UNSPECIFIED) {
    return Fail(absl::StrCat(who, "done, where ", std::string(NameOf(sent.expected.refusal)), " was due"));
  }
  const PartitionSeq seq = *sent.decided ? sent.expected.seq : sent.known.seq;
  if (outcome.committed.partition != sent.request->partition || outcome.committed.seq != seq) {
    return Fail(absl::StrCat(who, "answered with entry ", outcome.committed.seq.value(), ", not ", seq.value()));
  }
  if (absl::Status status = model_.CheckShown(outcome.committed); !status.ok()) return Fail(absl::StrCat(who, status.message()));
  ++(outcome.replayed ? tally_.repetitions : tally_.effects);
  model_.Acknowledge(sent.request->partition, seq);
}

void Simulation::JudgeRefusal(const Sending& sending, const Sent& sent, const absl::Status& status) {
  const Reason reason = RefusalOf(status).reason;
  const auto wrong = [&](absl::string_view what) {
    Fail(
        absl::StrCat("request ", sent.request->number, " of partition ", sent.request->partition.value(), ": ", Plain(status), ": ", what));
  };
  if (reason == Reason::REASON_JOURNAL_FAILED) {
    ++tally_.unknown_outcomes;
    if (!disk_.dead() && !disk_.failed()) wrong("the disk never failed");
    return;
  }
  if (*sent.decided) {
    ++tally_.refusals;
    if (sent.expected.refusal == Reason::REASON_UNSPECIFIED) return wrong("it must have an effect");
    if (sent.expected.refusal != reason) wrong(absl::StrCat(std::string(NameOf(sent.expected.refusal)), " was due"));
    return;
  }
  if (ForNow(reason)) {
    ++tally_.refused_for_now;
    if (!sending.may_be_refused) wrong("there is room, and nothing is queued");
    if (!RefusalOf(status).retry_delay) wrong("without saying when to try again");
    return;
  }
  ++tally_.refusals;
  // After a jump of the clock, back or far ahead, a key may be remembered whose entry is archived.
  if (machine_.IsOfArchive(status) && sent.known.key != Model::Key::kNew) return;
  if (reason == Reason::REASON_REQUEST_ID_REUSED && sent.known.key == Model::Key::kOther) return;
  const bool device = IsDeviceEventKey(sent.request->key);
  const Reason forgotten = device ? Reason::REASON_EVENT_TOO_OLD : Reason::REASON_REQUEST_ID_OUT_OF_WINDOW;
  if (reason == forgotten && sent.may_be_forgotten) return;
  if (damaged_ && absl::IsDataLoss(status)) return;
  wrong("refused without being decided");
}

// Writes what is queued; after that everything is answered.
void Simulation::Write() {
  if (!Healthy()) return;
  machine_.RunOnce();
  if (!Healthy()) {
    if (!disk_.dead() && !disk_.failed()) Fail("the journal has stopped, and the disk never failed");
    return;
  }
  if (open_ != 0) Fail(absl::StrCat(open_, " calls have no answer though everything is written"));
  // The spare segment may have been taken; the next time makes another.
  const bool again = random_.OneIn(2);
  room_was_short_ = disk_.limited() || !again;
  if (again) machine_.RunOnce();
}

}  // namespace fenfen::sim
