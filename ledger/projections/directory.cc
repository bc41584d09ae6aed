#include "ledger/projections/directory.h"

namespace fenfen {

void Directory::Apply(const CommittedTransaction& committed) {
  const std::optional<Enrolled> enrolled = extract_(committed);
  if (!enrolled) return;
  absl::MutexLock lock(&mutex_);
  if (enrolled->card_hash != 0) cards_[enrolled->card_hash] = enrolled->household;
  if (enrolled->door_hash != 0) doors_[enrolled->door_hash] = enrolled->household;
  for (size_t i = 0; i < enrolled->members.size(); ++i) {
    const uint64_t subject = enrolled->members[i];
    if (subject == 0) continue;
    const auto person = std::make_pair(enrolled->household, static_cast<uint32_t>(i + 1));
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
  return people;
}

}  // namespace fenfen
