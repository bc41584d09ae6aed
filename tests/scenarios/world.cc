#include "tests/scenarios/world.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "clients/ctl/verify/verify_journal.h"
#include "google/protobuf/util/json_util.h"
#include "ledger/core/check.h"
#include "ledger/points/catalogue_update.h"

namespace fenfen::scenarios {
namespace {

constexpr char kJournal[] = "journal";

absl::TimeZone Shanghai() {
  absl::TimeZone zone;
  FENFEN_CHECK(absl::LoadTimeZone("Asia/Shanghai", &zone));
  return zone;
}

}  // namespace

World::World(std::string folder)
    : zone(Shanghai()), clock(absl::FromCivil(absl::CivilSecond(2026, 6, 15, 8, 0, 0), zone)), folder_(std::move(folder)) {
  Open();
}

World::~World() { Close().IgnoreError(); }

void World::Open() {
  FileJournalOptions options;
  options.directory = kJournal;
  options.segment_bytes = 1u << 20;
  options.transaction_bytes_max = 256u << 10;
  options.group_bytes_max = 256u << 10;
  options.new_journal_id = 1;
  store_ = std::make_unique<CatalogueStore>();
  absl::StatusOr<std::unique_ptr<FileJournal>> journal = FileJournal::Open(disk_, options);
  FENFEN_CHECK(journal.ok());
  journal_ = *std::move(journal);
  tail_ = std::make_unique<EngineTail>(*journal_);
  state_ = OpenState(deployment_, *tail_);
  engine_ = std::make_unique<Engine>(*state_, *journal_, clock, std::vector<Projection*>{store_.get()});
  FENFEN_CHECK(engine_->Start().ok());
  tail_->Attach(*engine_);
  AwaitOpen(*state_);
}

// What keeps the State in Redis uses the engine to its end.
absl::Status World::Close() {
  absl::Status stopped = engine_->Stop();
  state_.reset();
  engine_.reset();
  tail_.reset();
  journal_.reset();
  return stopped;
}

absl::Status World::Begin() {
  std::ifstream file(PathOf("catalogue.json"));
  std::stringstream text;
  text << file.rdbuf();
  v1::UpdateCatalogueRequest request;
  if (const auto parsed = google::protobuf::util::JsonStringToMessage(text.str(), &request); !parsed.ok()) {
    return absl::InternalError(absl::StrCat("catalogue.json: ", parsed.ToString()));
  }
  return UpdateCatalogue(request);
}

absl::Status World::Restart() {
  absl::Status stopped = Close();
  Open();
  return stopped;
}

std::vector<std::string> World::Verify() {
  std::vector<std::string> wrong;
  const absl::StatusOr<ctl::VerifyReport> report = ctl::VerifyJournal(disk_, kJournal, {.live = true});
  if (!report.ok()) return {std::string(report.status().message())};
  for (const ctl::Finding& finding : report->findings) wrong.push_back(finding.what);
  if (report->reward.Sum() != 0 || report->civic.Sum() != 0) wrong.push_back("the ledger does not sum to zero");
  return wrong;
}

DecisionContext World::Context(const Actor& actor) {
  ++requests_;
  const auto millis = static_cast<uint64_t>(absl::ToUnixMillis(clock.Now()));
  const RequestKey key{millis << 16 | 0x7000, uint64_t{2} << 62 | requests_};  // a UUIDv7's shape
  return {key, 1, actor, clock.Now(), zone};
}

absl::Status World::Submit(PartitionId partition, ReadSet reads, const DecisionContext& context, State::Decide decide) {
  Command command{partition, context.key, context.fingerprint, std::move(reads), std::move(decide)};
  absl::StatusOr<Outcome> outcome = engine_->SubmitAndWait(std::move(command));
  if (!outcome.ok()) return outcome.status();
  last_ = outcome->committed;
  if (!outcome->replayed) history_.push_back(*last_);
  return absl::OkStatus();
}

absl::Status World::UpdateCatalogue(const v1::UpdateCatalogueRequest& request) {
  const DecisionContext context = Context();
  return Submit(kCataloguePartition, CatalogueReads(request), context,
                [request, context](const View& view) { return DecideCatalogueUpdate(view, request, context); });
}

void World::Read(PartitionId partition, absl::FunctionRef<void(const View&)> reader) {
  FENFEN_CHECK(engine_->ReadAndWait(partition, reader).ok());
}

HouseholdRecord World::Household(HouseholdId household) {
  HouseholdRecord record;
  Read(PartitionOf(household), [&](const View& view) {
    if (auto found = ReadHousehold(view, household); found.ok()) record = std::move(found->record);
  });
  return record;
}

int64_t World::Balance(PartitionId partition, const AccountId& account) {
  int64_t balance = 0;
  Read(partition, [&](const View& view) { balance = view.Balance(account).hundredths(); });
  return balance;
}

std::string World::PathOf(absl::string_view file) const { return absl::StrCat(folder_, "/", file); }

}  // namespace fenfen::scenarios
