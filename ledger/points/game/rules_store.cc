#include "ledger/points/game/rules_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/points/game/game_rules.h"
#include "ledger/points/stored_message.h"

namespace fenfen {

ReadSet GameRulesReads() { return {{kGameRulesKey}, {}}; }

absl::StatusOr<Transaction> DecideGameRules(const View& view, const v1::GameRules& rules, const DecisionContext& context) {
  absl::Status fault;
  CheckGameRules(rules, [&fault](absl::string_view field, int row, absl::string_view zh, absl::string_view en) {
    if (!fault.ok()) return;
    fault = Refuse(Reason::REASON_ROW_INVALID, {{"row", absl::StrCat(row)}, {"detail", absl::StrCat(zh, " / ", en)}}, field);
  });
  if (!fault.ok()) return fault;
  const absl::StatusOr<StoredMessage<v1::GameRules>> present = ReadMessage<v1::GameRules>(view, kGameRulesKey);
  if (!present.ok()) return present.status();
  Transaction transaction = BeginTransaction(TransactionKind::kCatalogueUpdate, context, context.now);
  transaction.changes.push_back({kGameRulesKey, present->version, SerialiseMessage(rules)});
  transaction.why = EncodeWhy(CatalogueWhy{1, 0});
  return transaction;
}

std::shared_ptr<const v1::GameRules> GameRulesStore::Snapshot() const {
  absl::ReaderMutexLock lock(&mutex_);
  return current_;
}

void GameRulesStore::Apply(const CommittedTransaction& committed) {
  if (committed.partition != kCataloguePartition) return;
  for (const RecordChange& change : committed.transaction.changes) {
    if (change.key == kGameRulesKey) Take(change.bytes);
  }
}

void GameRulesStore::Restore(const PartitionContents& contents) {
  if (contents.partition != kCataloguePartition) return;
  for (const PartitionContents::Record& record : contents.records) {
    if (record.key == kGameRulesKey) Take(record.bytes);
  }
}

void GameRulesStore::Take(absl::string_view bytes) {
  auto rules = std::make_shared<v1::GameRules>();
  FENFEN_CHECK(rules->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  absl::MutexLock lock(&mutex_);
  current_ = std::move(rules);
}

}  // namespace fenfen
