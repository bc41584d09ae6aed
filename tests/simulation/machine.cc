#include "tests/simulation/machine.h"

#include <utility>
#include <variant>

#include "fenfen/v1/verification.pb.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/journal/journal_reader.h"
#include "ledger/points/catalogue_update.h"
#include "ledger/points/verification/release.h"

namespace fenfen::sim {
namespace {

constexpr char kJournal[] = "journal";
constexpr char kArchive[] = "archive";
// Longer than clients' keys are remembered; the clock jumps farther.
constexpr absl::Duration kRetention = absl::Hours(24 * 46);

// So small that segments end, and the disk fills up, all the time. A batch of one partition is less than a longest transaction.
FileJournalOptions SmallJournal(const Clock& clock, bool archives) {
  FileJournalOptions options;
  options.directory = kJournal;
  if (archives) {
    options.archive_directory = kArchive;
    options.retention = kRetention;
    options.clock = &clock;
    options.uncompressed_segments = 1;
  }
  options.segment_bytes = 64u << 10;
  options.transaction_bytes_max = 20u << 10;
  options.group_bytes_max = 8u << 10;
  options.queue_bytes_max = 80u << 10;
  options.own_threads = false;
  options.new_journal_id = 0x5eed;
  return options;
}

struct ReadsOf {
  const Request& request;
  ReadSet operator()(const v1::UpdateCatalogueRequest& update) const { return CatalogueReads(update); }
  ReadSet operator()(const EnrolmentFacts& facts) const { return EnrolmentReads(facts.household); }
  ReadSet operator()(const DropFacts& facts) const {
    ReadSet reads = DropReads(facts);
    reads.records.push_back(PendingDropKey(PendingDropIdFor(facts.household, request.key)));
    return reads;
  }
  ReadSet operator()(const Decision& decision) const {
    return PendingReads(decision.household, PendingDropIdFor(decision.household, decision.drop), 0);
  }
  ReadSet operator()(const Reservation& facts) const { return ReserveReads(facts.household, VoucherIdFor(facts.household, request.key)); }
  ReadSet operator()(const CaptureFacts& facts) const { return CaptureReads(facts.household, facts.voucher); }
};

absl::StatusOr<Transaction> DecideWaiting(const View& view, const Decision& decision, const Catalogue& catalogue,
                                          const DecisionContext& context) {
  const uint64_t id = PendingDropIdFor(decision.household, decision.drop);
  switch (decision.what) {
    case Decision::What::kReject:
      return DecideRejection(view, decision.household, id, v1::REJECTION_REASON_MIXED, catalogue, context);
    case Decision::What::kDue:
      return DecideDue(view, decision.household, id, catalogue, context);
    case Decision::What::kRelease:
      break;
  }
  std::optional<Finding> found;
  if (decision.grams) found.emplace().grams = decision.grams;
  return DecideRelease(view, decision.household, id, found, catalogue, context);
}

}  // namespace

Machine::Machine(SimDisk& disk, const Clock& clock, Projection& witness, Canary canary, bool archives)
    : disk_(disk), clock_(clock), witness_(witness), canary_(canary), archives_(archives) {
  FENFEN_CHECK(absl::LoadTimeZone("Asia/Shanghai", &zone_));
  if (canary_ == Canary::kSync) disk_.LieAboutSyncs();
}

absl::Status Machine::Start() {
  absl::StatusOr<std::unique_ptr<FileJournal>> journal = FileJournal::Open(disk_, SmallJournal(clock_, archives_));
  if (!journal.ok()) return journal.status();
  journal_ = *std::move(journal);
  state_ = std::make_unique<MemoryState>();
  catalogue_ = std::make_unique<CatalogueStore>();
  const bool sound = canary_ == Canary::kNone;
  if (!sound) planted_journal_ = PlantIn(*journal_, canary_);
  if (!sound) planted_state_ = PlantIn(*state_, canary_);
  Journal& journal_in_use = sound ? *journal_ : *planted_journal_;
  const std::vector<Projection*> projections{catalogue_.get(), &witness_};
  engine_ = std::make_unique<Engine>(sound ? *state_ : *planted_state_, journal_in_use, clock_, projections);
  snapshots_ = std::make_unique<SnapshotFolder>(disk_, "snapshots");
  absl::Status status = engine_->Start({.snapshots = snapshots_.get(), .savable = state_.get(), .threads = 1});
  if (!status.ok()) {
    Stop();
    return status;
  }
  SnapshotterOptions options;
  options.free_bytes_min = 0;
  if (archives_) options.covered = [this](SnapshotCover cover) { journal_->Covered(std::move(cover)); };
  const RecoveryReport& report = engine_->recovery();
  snapshotter_ = std::make_unique<Snapshotter>(*state_, journal_in_use, projections, *snapshots_, clock_, options,
                                               Snapshotter::Start{report.snapshot, report.sequences});
  snapshotter_->TellCover();
  return status;
}

absl::Status Machine::TakeSnapshot() {
  const absl::Status status = snapshotter_->Take();
  if (status.ok()) snapshotter_->TellCover();
  return status;
}

bool Machine::IsOfArchive(const absl::Status& status) const {
  return !status.ok() && RefusalOf(status).reason == Reason::REASON_ENTRY_ARCHIVED && journal_->Metrics().first_segment > 1;
}

// The journal goes first: it answers what is still open, through the engine.
void Machine::Stop() {
  snapshotter_.reset();
  journal_.reset();
  engine_.reset();
  snapshots_.reset();
  planted_journal_.reset();
  planted_state_.reset();
  state_.reset();
  catalogue_.reset();
}

Command Machine::CommandFor(const SharedRequest& request, std::shared_ptr<bool> decided) {
  Command command;
  command.partition = request->partition;
  command.key = request->key;
  command.fingerprint = request->fingerprint;
  command.reads = std::visit(ReadsOf{*request}, request->body);
  command.decide = [this, request, decided = std::move(decided)](const View& view) {
    *decided = true;
    absl::StatusOr<Transaction> transaction = Decide(view, *request);
    if (transaction.ok()) PlantIn(*transaction, canary_);
    return transaction;
  };
  return command;
}

absl::StatusOr<Transaction> Machine::Decide(const View& view, const Request& request) const {
  const DecisionContext context{request.key, request.fingerprint, {ActorKind::kSystem, 0, 0}, clock_.Now(), zone_};
  const std::shared_ptr<const Catalogue> catalogue = catalogue_->Snapshot();
  if (const auto* update = std::get_if<v1::UpdateCatalogueRequest>(&request.body)) return DecideCatalogueUpdate(view, *update, context);
  if (const auto* enrolment = std::get_if<EnrolmentFacts>(&request.body)) return DecideEnrolment(view, *enrolment, *catalogue, context);
  if (const auto* drop = std::get_if<DropFacts>(&request.body)) return DecideDrop(view, *drop, *catalogue, context);
  if (const auto* capture = std::get_if<CaptureFacts>(&request.body)) return DecideCapture(view, *capture, context);
  if (const auto* decision = std::get_if<Decision>(&request.body)) return DecideWaiting(view, *decision, *catalogue, context);
  const auto& reservation = std::get<Reservation>(request.body);
  return DecideReserve(view, reservation.household, reservation.offer, *catalogue, context);
}

absl::StatusOr<std::unique_ptr<State>> Machine::FreshFold() {
  auto fold = std::make_unique<MemoryState>();
  const auto apply = [&fold](PartitionId partition, PartitionSeq seq, absl::string_view bytes) -> absl::Status {
    const absl::StatusOr<Transaction> transaction = DecodeTransaction(bytes);
    if (!transaction.ok()) return transaction.status();
    return fold->Apply(partition, seq, *transaction);
  };
  absl::Status status;
  if (journal_->Metrics().first_segment == 1) {
    status = journal_->Replay([&](const JournalEntry& entry) { return apply(entry.partition, entry.seq, entry.bytes); });
    if (!status.ok()) return status;
    return fold;
  }
  // What is archived is read as an auditor does.
  const absl::StatusOr<std::unique_ptr<JournalReader>> reader = JournalReader::Open(disk_, kJournal, {.archive = kArchive});
  if (!reader.ok()) return reader.status();
  while (status.ok()) {
    const absl::StatusOr<const Group*> group = (*reader)->Next();
    if (!group.ok()) return group.status();
    if (*group == nullptr) return fold;
    for (const segment::Record& record : (*group)->records) {
      if (status.ok()) status = apply(record.partition, record.seq, record.bytes);
    }
  }
  return status;
}

}  // namespace fenfen::sim
