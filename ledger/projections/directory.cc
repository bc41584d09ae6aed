#include "ledger/projections/directory.h"

#include <algorithm>
#include <utility>

#include "ledger/core/check.h"

namespace fenfen {

void Directory::Apply(const CommittedTransaction& committed) {
  const CommittedTransaction* const one = &committed;
  ApplyAll({&one, 1});
}

void Directory::ApplyAll(absl::Span<const CommittedTransaction* const> several) {
  std::vector<Name> come;
  for (const CommittedTransaction* committed : several) Take(committed->transaction, come);
  Change({}, std::move(come));
}

void Directory::Take(const Transaction& transaction, std::vector<Name>& enrolled) {
  std::optional<Enrolled> before;
  if (transaction.kind == TransactionKind::kEnrolment) {
    before.emplace();
  } else if (former_ != nullptr) {
    before = former_(transaction);
  }
  if (!before) return;
  for (const RecordChange& change : transaction.changes) {
    if (change.key.kind != RecordKind::kHousehold) continue;
    const HouseholdId household(change.key.id);
    const std::optional<Enrolled> after = extract_(change.bytes);
    if (!after) continue;
    std::vector<Name> old_names, new_names;
    AddNames(household, *before, 0, old_names);
    AddNames(household, *after, 0, new_names);
    if (transaction.kind != TransactionKind::kEnrolment) SetLeft(household, *after);
    if (old_names.empty()) {
      // As nearly all are: enrolled. One without any name is still among all households.
      const bool listed = !new_names.empty() || change.previous == PartitionSeq(0);
      const uint32_t place = listed ? PlaceOf({household}) : 0;
      for (Name& name : new_names) name.place |= place << 5;
      enrolled.insert(enrolled.end(), new_names.begin(), new_names.end());
      continue;
    }
    Change({}, std::exchange(enrolled, {}));  // whatever comes next may look at them
    const auto without = [](std::vector<Name> names, const std::vector<Name>& others) {
      const auto among = [&others](const Name& name) {
        return std::any_of(others.begin(), others.end(), [&name](const Name& other) { return name.Is(other); });
      };
      names.erase(std::remove_if(names.begin(), names.end(), among), names.end());
      return names;
    };
    std::vector<Name> come = without(new_names, old_names);
    if (!come.empty()) {
      const uint32_t place = PlaceWith(household, old_names);
      for (Name& name : come) name.place |= place << 5;
    }
    Change(without(std::move(old_names), new_names), std::move(come));
  }
}

void Directory::Change(std::vector<Name> gone, std::vector<Name> come) {
  for (const Name& name : gone) {
    Shard& shard = ShardOf(name.hash);
    absl::MutexLock lock(&shard.mutex);
    GiveUp(shard, name);
  }
  // The memory of all comes near together.
  for (const Name& name : come) {
    const Shard& shard = ShardOf(name.hash);
    absl::ReaderMutexLock lock(&shard.mutex);
    shard.entries.Prefetch(SpreadOf(name.hash));
  }
  for (const Name& name : come) {
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
  for (std::vector<Name>& shard : by_shard) shard.reserve(households.size() * 4 / kShards);  // three names each, spread unevenly
  std::vector<Name> names;
  for (const PartitionContents::Record& record : contents.records) {
    if (record.key.kind != RecordKind::kHousehold) continue;
    names.clear();
    const std::optional<Enrolled> enrolled = extract_(record.bytes);
    if (enrolled) AddNames(HouseholdId(record.key.id), *enrolled, place, names);
    if (enrolled && !enrolled->left.empty()) SetLeft(HouseholdId(record.key.id), *enrolled);
    ++place;
    for (const Name& name : names) by_shard[SpreadOf(name.hash) % kShards].push_back(name);
  }
  for (size_t s = 0; s < kShards; ++s) EnterAll(shards_[s], by_shard[s]);
}

void Directory::EnterAll(Shard& shard, const std::vector<Name>& names) {
  constexpr size_t kAhead = 16;
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

void Directory::AddNames(HouseholdId household, const Enrolled& enrolled, uint32_t place, std::vector<Name>& names) {
  FENFEN_CHECK(enrolled.members.size() < kCard);
  if (enrolled.card_hash != 0) names.push_back({enrolled.card_hash, household, place << 5 | kCard});
  if (enrolled.door_hash != 0) names.push_back({enrolled.door_hash, household, place << 5 | kDoor});
  for (uint32_t i = 0; i < enrolled.members.size(); ++i) {
    if (enrolled.members[i] != 0) names.push_back({enrolled.members[i], household, place << 5 | (i + 1)});
  }
}

void Directory::Enter(Shard& shard, const Name& name) {
  const Entry entry{static_cast<uint32_t>(name.hash), static_cast<uint32_t>(name.hash >> 32), name.place};
  const auto is_taken = [&](const Entry& e) { return e.hash() == name.hash && SameSort(e.what(), entry.what()); };
  // Where entries were given up, one of them may be taken over.
  Entry* const present = shard.given_up ? shard.entries.FindOrTell(SpreadOf(name.hash), is_taken, SpreadOfEntry)
                                        : shard.entries.FindOrAdd(entry, is_taken, SpreadOfEntry);
  if (present != nullptr) {
    uint32_t other = entry.place;
    if (!IsPerson(entry.what()) && name.household < HouseholdAt(present->place >> 5)) std::swap(other, present->place);
    shard.more[name.hash].push_back(other);
    return;
  }
  if (!shard.given_up) return;
  const auto is_free = [&](const Entry& e) { return e.hash() == name.hash && e.place == kNobody; };
  Entry* const free = shard.entries.FindOrAdd(entry, is_free, SpreadOfEntry);
  if (free != nullptr) *free = entry;
}

void Directory::GiveUp(Shard& shard, const Name& name) {
  const auto rest = shard.more.find(name.hash);
  if (rest != shard.more.end()) {
    std::vector<uint32_t>& others = rest->second;
    const auto claim = std::find_if(others.begin(), others.end(), [&](uint32_t place) { return IsAt(place, name); });
    if (claim != others.end()) {
      others.erase(claim);
      if (others.empty()) shard.more.erase(rest);
      return;
    }
  }
  const auto is_it = [&](const Entry& e) { return e.hash() == name.hash && e.place != kNobody && IsAt(e.place, name); };
  Entry* const present = shard.entries.FindOrTell(SpreadOf(name.hash), is_it, SpreadOfEntry);
  if (present == nullptr) return;
  uint32_t heir = kNobody;
  if (rest != shard.more.end()) {
    std::vector<uint32_t>& others = rest->second;
    auto first = others.end();
    for (auto at = others.begin(); at != others.end(); ++at) {
      if (!SameSort(*at & 31, name.what())) continue;
      if (first == others.end() || HouseholdAt(*at >> 5) < HouseholdAt(*first >> 5)) first = at;
    }
    if (first != others.end()) {
      heir = *first;
      others.erase(first);
      if (others.empty()) shard.more.erase(rest);
    }
  }
  present->place = heir;
  shard.given_up = shard.given_up || heir == kNobody;
}

uint32_t Directory::PlaceWith(HouseholdId household, const std::vector<Name>& names) {
  for (const Name& name : names) {
    const Shard& shard = ShardOf(name.hash);
    absl::ReaderMutexLock lock(&shard.mutex);
    const auto is_it = [&](const Entry& e) { return e.hash() == name.hash && e.place != kNobody && IsAt(e.place, name); };
    const Entry* found = shard.entries.FindOrTell(SpreadOf(name.hash), is_it, SpreadOfEntry);
    if (found != nullptr) return found->place >> 5;
  }
  return PlaceOf({household});
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

void Directory::SetLeft(HouseholdId household, const Enrolled& enrolled) {
  absl::MutexLock lock(&left_mutex_);
  // Who was merged into a household that did not take them comes back.
  for (uint32_t member = 1; member <= enrolled.members.size(); ++member) left_.erase({household, member});
  for (const uint32_t member : enrolled.left) left_.emplace(household, member);
}

bool Directory::HasLeft(HouseholdId household, uint32_t member) const {
  absl::ReaderMutexLock lock(&left_mutex_);
  return left_.contains({household, member});
}

std::vector<HouseholdId> Directory::Households(size_t first, size_t count) const {
  absl::ReaderMutexLock lock(&households_mutex_);
  std::vector<HouseholdId> households;
  for (size_t place = first; place < count_ && households.size() < count; ++place) {
    households.push_back(households_[place / kChunk][place % kChunk]);
  }
  return households;
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
  const auto is_person = [subject_hash](const Entry& e) { return e.hash() == subject_hash && IsPerson(e.what()); };
  if (const Entry* first = shard.entries.FindOrTell(SpreadOf(subject_hash), is_person, SpreadOfEntry); first != nullptr) {
    people.emplace_back(HouseholdAt(first->place >> 5), first->what());
  }
  if (const auto rest = shard.more.find(subject_hash); rest != shard.more.end()) {
    for (const uint32_t place : rest->second) {
      if (IsPerson(place & 31)) people.emplace_back(HouseholdAt(place >> 5), place & 31);
    }
  }
  std::sort(people.begin(), people.end());
  return people;
}

bool Directory::MayBeSeveral(uint64_t subject_hash) const {
  const Shard& shard = ShardOf(subject_hash);
  absl::ReaderMutexLock lock(&shard.mutex);
  return shard.more.contains(subject_hash);
}

}  // namespace fenfen
