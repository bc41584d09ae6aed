#include "ledger/projections/directory.h"

#include <algorithm>

#include "ledger/core/check.h"

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
  FENFEN_CHECK(enrolled->members.size() < kCard);
  const uint32_t place = PlaceFor(household);
  if (enrolled->card_hash != 0) Claim(enrolled->card_hash, kCard, household, place);
  if (enrolled->door_hash != 0) Claim(enrolled->door_hash, kDoor, household, place);
  for (uint32_t i = 0; i < enrolled->members.size(); ++i) {
    if (enrolled->members[i] != 0) AddPerson(enrolled->members[i], i + 1, household, place);
  }
}

void Directory::Claim(uint64_t hash, uint32_t what, HouseholdId household, uint32_t place) {
  Shard& shard = ShardOf(hash);
  const Entry entry{static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32), place << 5 | what};
  absl::MutexLock lock(&shard.mutex);
  Entry* present = shard.entries.Find(SpreadOf(hash), [&](const Entry& e) { return e.hash() == hash && e.what() == what; });
  if (present == nullptr) {
    shard.entries.Add(entry, [](const Entry& e) { return SpreadOf(e.hash()); });
  } else if (household < HouseholdAt(present->place >> 5)) {
    *present = entry;
  }
}

void Directory::AddPerson(uint64_t hash, uint32_t member, HouseholdId household, uint32_t place) {
  Shard& shard = ShardOf(hash);
  absl::MutexLock lock(&shard.mutex);
  const auto is_person = [hash](const Entry& e) { return e.hash() == hash && e.what() < kCard; };
  if (shard.entries.Find(SpreadOf(hash), is_person) != nullptr) {
    shard.more[hash].emplace_back(household, member);
    return;
  }
  const Entry entry{static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32), place << 5 | member};
  shard.entries.Add(entry, [](const Entry& e) { return SpreadOf(e.hash()); });
}

uint32_t Directory::PlaceFor(HouseholdId household) {
  absl::MutexLock lock(&households_mutex_);
  FENFEN_CHECK(count_ < kHouseholdsMax);
  if (count_ % kChunk == 0) households_.emplace_back(new HouseholdId[kChunk]);
  households_[count_ / kChunk][count_ % kChunk] = household;
  return static_cast<uint32_t>(count_++);
}

HouseholdId Directory::HouseholdAt(uint32_t place) const {
  absl::ReaderMutexLock lock(&households_mutex_);
  return households_[place / kChunk][place % kChunk];
}

std::optional<HouseholdId> Directory::OwnerOf(uint64_t hash, uint32_t what) const {
  const Shard& shard = ShardOf(hash);
  absl::ReaderMutexLock lock(&shard.mutex);
  const Entry* found = shard.entries.Find(SpreadOf(hash), [&](const Entry& e) { return e.hash() == hash && e.what() == what; });
  return found == nullptr ? std::nullopt : std::optional(HouseholdAt(found->place >> 5));
}

std::optional<HouseholdId> Directory::ByCard(uint64_t card_hash) const { return OwnerOf(card_hash, kCard); }
std::optional<HouseholdId> Directory::ByDoor(uint64_t door_hash) const { return OwnerOf(door_hash, kDoor); }

std::vector<std::pair<HouseholdId, uint32_t>> Directory::BySubject(uint64_t subject_hash) const {
  const Shard& shard = ShardOf(subject_hash);
  absl::ReaderMutexLock lock(&shard.mutex);
  std::vector<Person> people;
  const auto is_person = [subject_hash](const Entry& e) { return e.hash() == subject_hash && e.what() < kCard; };
  if (const Entry* first = shard.entries.Find(SpreadOf(subject_hash), is_person); first != nullptr) {
    people.emplace_back(HouseholdAt(first->place >> 5), first->what());
  }
  if (const auto rest = shard.more.find(subject_hash); rest != shard.more.end()) {
    people.insert(people.end(), rest->second.begin(), rest->second.end());
  }
  std::sort(people.begin(), people.end());
  return people;
}

}  // namespace fenfen
