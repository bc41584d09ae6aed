#include "ledger/projections/streak.h"

#include <algorithm>

namespace fenfen {
namespace {

constexpr uint64_t kOldest = uint64_t{1} << (Streak::kWindow - 1);

}  // namespace

bool Streak::Reach(int32_t day) {
  if ((marked_ | kept_) == 0 && before_ == 0) newest_ = day;
  if (day <= newest_) return int64_t{newest_} - day < kWindow;
  // Day by day, until nothing is left that could matter.
  for (; newest_ < day && (marked_ | kept_) != 0; ++newest_) {
    if ((marked_ & kOldest) != 0) {
      best_before_ = std::max(best_before_, ++before_);
    } else if ((kept_ & kOldest) == 0) {
      before_ = 0;
    }
    marked_ <<= 1;
    kept_ <<= 1;
  }
  if (newest_ < day) before_ = 0;
  newest_ = day;
  return true;
}

void Streak::Mark(int32_t day) {
  if (Reach(day)) marked_ |= uint64_t{1} << (newest_ - day);
}

void Streak::Keep(int32_t day) {
  if (Reach(day)) kept_ |= uint64_t{1} << (newest_ - day);
}

uint32_t Streak::LengthOn(int32_t today) const {
  if (int64_t{today} - newest_ > 1) return 0;
  // A day that lies ahead, by a device's clock, is not counted before it comes.
  int64_t age = std::max<int64_t>(0, int64_t{newest_} - today);
  if (age >= kWindow) return 0;
  const auto kept = [this](int64_t at) { return ((marked_ | kept_) >> at & 1) != 0; };
  if (int64_t{newest_} - age == today && !kept(age)) ++age;
  uint32_t length = 0;
  for (; age < kWindow; ++age) {
    if (!kept(age)) return length;
    length += static_cast<uint32_t>(marked_ >> age & 1);
  }
  return length + before_;
}

uint32_t Streak::Best() const {
  uint32_t best = best_before_;
  uint32_t run = before_;
  for (int age = kWindow - 1; age >= 0; --age) {
    if ((marked_ >> age & 1) != 0) {
      best = std::max(best, ++run);
    } else if ((kept_ >> age & 1) == 0) {
      run = 0;
    }
  }
  return best;
}

Streak Streak::FromStored(const Stored& stored) {
  Streak streak;
  streak.newest_ = stored.newest;
  streak.marked_ = stored.marked;
  streak.kept_ = stored.kept;
  streak.before_ = stored.before;
  streak.best_before_ = stored.best_before;
  return streak;
}

}  // namespace fenfen
