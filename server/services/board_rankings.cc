#include "server/services/board_rankings.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/time/clock.h"

namespace fenfen::server {
namespace {

constexpr int kRest = 50;  // times what making it took

size_t BytesOf(const BoardRankings::Places& places) { return places->size() * sizeof(Standing); }

}  // namespace

BoardRankings::Places BoardRankings::Find(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  const auto at = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.name == name; });
  if (at == kept_.end() || absl::Now() >= at->good_until) return nullptr;
  kept_.splice(kept_.begin(), kept_, at);
  Kept& kept = kept_.front();
  const uint64_t hidings = players_.hidings();
  if (hidings == kept.hidings) return kept.places;
  const std::optional<std::vector<HouseholdId>> hidden = players_.HiddenSince(kept.hidings);
  if (!hidden) return nullptr;
  const absl::flat_hash_set<HouseholdId> gone(hidden->begin(), hidden->end());
  auto left = std::make_shared<std::vector<Standing>>();
  for (const Standing& standing : *kept.places) {
    if (!gone.contains(HouseholdId(standing.entrant))) left->push_back(standing);
  }
  bytes_ -= BytesOf(kept.places);
  kept.places = std::move(left);
  bytes_ += BytesOf(kept.places);
  kept.hidings = hidings;
  return kept.places;
}

void BoardRankings::Keep(Kept kept) {
  absl::MutexLock lock(&mutex_);
  const auto drop = [this](std::list<Kept>::iterator at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    bytes_ -= BytesOf(at->places);
    kept_.erase(at);
  };
  const auto former = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& other) { return other.name == kept.name; });
  if (former != kept_.end()) drop(former);
  bytes_ += BytesOf(kept.places);
  kept_.push_front(std::move(kept));
  while (bytes_ > kBytesMax && kept_.size() > 1) drop(std::prev(kept_.end()));
}

bool BoardRankings::IsSlow(const std::string& name, const Players::Ranking& ranking) const {
  if (players_.PlayersIn(ranking.regions) < kKeptFrom) return false;
  absl::MutexLock lock(&mutex_);
  return std::none_of(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.name == name && absl::Now() < kept.good_until; });
}

BoardRankings::Places BoardRankings::Rank(const std::string& name, const Players::Ranking& ranking) {
  if (players_.PlayersIn(ranking.regions) < kKeptFrom) {
    return std::make_shared<const std::vector<Standing>>(players_.Rank(ranking));
  }
  absl::MutexLock lock(&making_);
  if (Places kept = Find(name)) return kept;
  const uint64_t hidings = players_.hidings();  // asked first, so that who hides meanwhile is looked for again
  const absl::Time begin = absl::Now();
  const auto places = std::make_shared<const std::vector<Standing>>(players_.Rank(ranking));
  const absl::Time end = absl::Now();
  Keep({name, places, end + std::max(kAgeMax, kRest * (end - begin)), hidings});
  return places;
}

std::vector<CatalogueId> BoardRankings::RegionsWithin(const Catalogue& catalogue, CatalogueId region) const {
  std::vector<CatalogueId> within;
  for (const CatalogueId candidate : players_.Regions()) {
    if (catalogue.IsWithin(candidate, region)) within.push_back(candidate);
  }
  return within;
}

}  // namespace fenfen::server
