#include "ledger/projections/directory.h"

#include <algorithm>

namespace fenfen {

void Directory::Apply(const CommittedTransaction& committed) {
  if (committed.transaction.kind != TransactionKind::kEnrolment) return;
  for (const RecordChange& change : committed.transaction.changes) {
    if (change.key.kind == RecordKind::kHousehold) Add(HouseholdId(change.key.id), change.bytes);
  }
}

void Directory::Restore(const PartitionContents& contents) {
  for (const PartitionContents::Record& record : contents.records) {
    if (record.key.kind == RecordKind::kHousehold) Add(HouseholdId(record.key.id), record.bytes);
  }
}

void Directory::Add(HouseholdId household, absl::string_view record) {
  const std::optional<Enrolled> enrolled = extract_(record);
  if (!enrolled) return;
  const auto claim = [household](auto& owners, uint64_t hash) {
    const auto [owner, is_new] = owners.emplace(hash, household);
    if (!is_new) owner->second = std::min(owner->second, household);
  };
  absl::MutexLock lock(&mutex_);
  if (enrolled->card_hash != 0) claim(cards_, enrolled->card_hash);
  if (enrolled->door_hash != 0) claim(doors_, enrolled->door_hash);
  for (size_t i = 0; i < enrolled->members.size(); ++i) {
    const uint64_t subject = enrolled->members[i];
    if (subject == 0) continue;
    const auto person = std::make_pair(household, static_cast<uint32_t>(i + 1));
    if (!subjects_.emplace(subject, person).second) more_[subject].push_back(person);
  }
}

std::optional<HouseholdId> Directory::ByCard(uint64_t card_hash) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto found = cards_.find(card_hash);
  return found == cards_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<HouseholdId> Directory::ByDoor(uint64_t door_hash) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto found = doors_.find(door_hash);
  return found == doors_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::pair<HouseholdId, uint32_t>> Directory::BySubject(uint64_t subject_hash) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<std::pair<HouseholdId, uint32_t>> people;
  if (const auto first = subjects_.find(subject_hash); first != subjects_.end()) people.push_back(first->second);
  if (const auto rest = more_.find(subject_hash); rest != more_.end())
    people.insert(people.end(), rest->second.begin(), rest->second.end());
  std::sort(people.begin(), people.end());
  return people;
}

}  // namespace fenfen
