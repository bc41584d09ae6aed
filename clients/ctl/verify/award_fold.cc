#include "clients/ctl/verify/award_fold.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fenfen/ledger/v1/facts.pb.h"
#include "ledger/core/bytes.h"

namespace fenfen::ctl {
namespace {

constexpr uint8_t kWhyFormat = 1;

// The household and what it was awarded; nullopt where the bytes do not have the form.
std::optional<std::pair<uint64_t, ledger::v1::GameFacts::Award>> ReadAward(const Transaction& transaction) {
  ByteReader in(transaction.why);
  if (in.U8() != kWhyFormat) return std::nullopt;
  const uint64_t household = in.Varint();
  in.Zigzag();  // reward after
  in.Zigzag();  // civic after
  const absl::string_view bytes = in.Bytes();
  ledger::v1::Facts facts;
  if (!in.Finished() || !facts.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  if (!facts.has_game() || !facts.game().has_award()) return std::nullopt;
  return std::make_pair(household, facts.game().award());
}

}  // namespace

void AwardFold::Begin(const PartitionOpening& opening) {
  for (const auto& [key, record] : opening.records) {
    ledger::v1::GameRecord stored;
    if (key.kind != RecordKind::kGame || record.written_since || !stored.ParseFromString(record.bytes)) continue;
    for (const auto& reached : stored.reached()) awarded_[key.id].insert(reached.what());
  }
}

void AwardFold::Apply(const Transaction& transaction, Report report) {
  if (transaction.kind != TransactionKind::kAward) return;
  const auto read = ReadAward(transaction);
  if (!read) return report("an award does not say what for");
  const auto& [household, award] = *read;
  const std::string name = absl::StrCat("the award of ", award.name(), " to household ", household);

  int64_t reward = 0, civic = 0, repaid = 0;
  for (const Posting& posting : transaction.postings) {
    const AccountKind kind = posting.account.kind;
    if (kind == AccountKind::kProgramme) continue;
    const bool own = kind == AccountKind::kHousehold || kind == AccountKind::kDebt;
    if (!own || posting.account.owner != household) report(absl::StrCat(name, " moves points of others"));
    (posting.account.asset == Asset::kReward ? reward : civic) += posting.amount.hundredths();
    if (kind == AccountKind::kDebt) repaid += posting.amount.hundredths();
  }
  if (reward != award.reward() || civic != award.civic() || repaid != award.repaid()) {
    report(absl::StrCat(name, " posts ", reward, " reward, ", civic, " civic, ", repaid, " repaid, and says ", award.reward(), ", ",
                        award.civic(), ", ", award.repaid()));
  }
  const uint64_t what = CatalogueIdOf(award.name()).value();
  if (!awarded_[household].insert(what).second) report(absl::StrCat(name, " comes again"));
  const bool recorded = std::any_of(transaction.changes.begin(), transaction.changes.end(), [&](const RecordChange& change) {
    ledger::v1::GameRecord stored;
    if (change.key != RecordKey{RecordKind::kGame, household} || !stored.ParseFromString(change.bytes)) return false;
    return std::any_of(stored.reached().begin(), stored.reached().end(), [what](const auto& reached) { return reached.what() == what; });
  });
  if (!recorded) report(absl::StrCat(name, " is not in its record"));
}

}  // namespace fenfen::ctl
