#include "ledger/projections/directory.h"

#include <algorithm>

#include "ledger/core/check.h"

namespace fenfen {

void Directory::Apply(const CommittedTransaction& committed) {
  if (committed.transaction.kind != TransactionKind::kEnrolment) return;
  std::vector<Name> names;
  for (const RecordChange& change : committed.transaction.changes) {
    if (change.key.kind != RecordKind::kHousehold) continue;
    const HouseholdId household(change.key.id);
    AddNames(household, change.bytes, PlaceOf({household}), names);
  }
  // The memory of all comes near together.
  for (const Name& name : names) {
    const Shard& shard = ShardOf(name.hash);
    absl::ReaderMutexLock lock(&shard.mutex);
    shard.entries.Prefetch(SpreadOf(name.hash));
  }
  for (const Name& name : names) {
    Shard& shard = ShardOf(name.hash);
    absl::MutexLock lock(&shard.mutex);
    Enter(shard, name);
  }
}

// Many at once: each shard is locked once, and memory comes near before it is looked at.
void Directory::Restore(const PartitionContents& contents) {
  std::vector<HouseholdId> households;
  for (const PartitionContents::Record& record : contents.records) {
    if (record.key.kind == RecordKind::kHousehold) households.emplace_back(record.key.id);
  }
  if (households.empty()) return;
  uint32_t place = PlaceOf(households);
  std::array<std::vector<Name>, kShards> by_shard;
  std::vector<Name> names;
  for (const PartitionContents::Record& record : contents.records) {
    if (record.key.kind != RecordKind::kHousehold) continue;
    names.clear();
    AddNames(HouseholdId(record.key.id), record.bytes, place++, names);
    for (const Name& name : names) by_shard[SpreadOf(name.hash) % kShards].push_back(name);
  }
  for (size_t s = 0; s < kShards; ++s) EnterAll(shards_[s], by_shard[s]);
}

void Directory::EnterAll(Shard& shard, const std::vector<Name>& names) {
  constexpr size_t kAhead = 8;
  absl::MutexLock lock(&shard.mutex);
  // Households are spread evenly over the partitions, so the first tells how many there will be, and the table need not grow step by step.
  if (shard.entries.empty()) {
    const size_t expected = names.size() * kHouseholdPartitions;
    shard.entries.Reserve(expected + expected / 64, SpreadOfEntry);
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (i + kAhead < names.size()) shard.entries.Prefetch(SpreadOf(names[i + kAhead].hash));
    Enter(shard, names[i]);
  }
}

void Directory::AddNames(HouseholdId household, absl::string_view record, uint32_t place, std::vector<Name>& names) const {
  const std::optional<Enrolled> enrolled = extract_(record);
  if (!enrolled) return;
  FENFEN_CHECK(enrolled->members.size() < kCard);
  if (enrolled->card_hash != 0) names.push_back({enrolled->card_hash, household, place << 5 | kCard});
  if (enrolled->door_hash != 0) names.push_back({enrolled->door_hash, household, place << 5 | kDoor});
  for (uint32_t i = 0; i < enrolled->members.size(); ++i) {
    if (enrolled->members[i] != 0) names.push_back({enrolled->members[i], household, place << 5 | (i + 1)});
  }
}

void Directory::Enter(Shard& shard, const Name& name) {
  const Entry entry{static_cast<uint32_t>(name.hash), static_cast<uint32_t>(name.hash >> 32), name.place};
  const bool is_person = entry.what() < kCard;
  const auto is_taken = [&](const Entry& e) { return e.hash() == name.hash && (is_person ? e.what() < kCard : e.what() == entry.what()); };
  Entry* const present = shard.entries.FindOrTell(SpreadOf(name.hash), is_taken, SpreadOfEntry);
  if (present == nullptr) {
    shard.entries.Add(entry, SpreadOfEntry);
  } else if (is_person) {
    shard.more[name.hash].emplace_back(name.household, entry.what());
  } else if (name.household < HouseholdAt(present->place >> 5)) {
    *present = entry;
  }
}

uint32_t Directory::PlaceOf(const std::vector<HouseholdId>& households) {
  absl::MutexLock lock(&households_mutex_);
  FENFEN_CHECK(count_ + households.size() < kHouseholdsMax);
  const auto first = static_cast<uint32_t>(count_);
  for (const HouseholdId household : households) {
    if (count_ % kChunk == 0) households_.emplace_back(new HouseholdId[kChunk]);
    households_[count_ / kChunk][count_ % kChunk] = household;
    ++count_;
  }
  return first;
}

HouseholdId Directory::HouseholdAt(uint32_t place) const {
  absl::ReaderMutexLock lock(&households_mutex_);
  return households_[place / kChunk][place % kChunk];
}

std::optional<HouseholdId> Directory::OwnerOf(uint64_t hash, uint32_t what) const {
  const Shard& shard = ShardOf(hash);
  absl::ReaderMutexLock lock(&shard.mutex);
  const auto is_it = [&](const Entry& e) { return e.hash() == hash && e.what() == what; };
  const Entry* found = shard.entries.FindOrTell(SpreadOf(hash), is_it, SpreadOfEntry);
  return found == nullptr ? std::nullopt : std::optional(HouseholdAt(found->place >> 5));
}

std::optional<HouseholdId> Directory::ByCard(uint64_t card_hash) const { return OwnerOf(card_hash, kCard); }
std::optional<HouseholdId> Directory::ByDoor(uint64_t door_hash) const { return OwnerOf(door_hash, kDoor); }

std::vector<std::pair<HouseholdId, uint32_t>> Directory::BySubject(uint64_t subject_hash) const {
  const Shard& shard = ShardOf(subject_hash);
  absl::ReaderMutexLock lock(&shard.mutex);
  std::vector<Person> people;
  const auto is_person = [subject_hash](const Entry& e) { return e.hash() == subject_hash && e.what() < kCard; };
  if (const Entry* first = shard.entries.FindOrTell(SpreadOf(subject_hash), is_person, SpreadOfEntry); first != nullptr) {
    people.emplace_back(HouseholdAt(first->place >> 5), first->what());
  }
  if (const auto rest = shard.more.find(subject_hash); rest != shard.more.end()) {
    people.insert(people.end(), rest->second.begin(), rest->second.end());
  }
  std::sort(people.begin(), people.end());
  return people;
}

}  // namespace fenfen
