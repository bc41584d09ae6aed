// The SimDisk's ends and damages.
#include <algorithm>
#include <cstring>

#include "absl/strings/match.h"
#include "tests/simulation/sim_disk.h"

namespace fenfen::sim {

// --- Ends.

void SimDisk::DieAfter(uint64_t operations) {
  die_in_ = operations;
  if (operations == 0) dead_ = true;
}

void SimDisk::Disarm() {
  die_in_ = fail_sync_in_ = fail_write_in_ = 0;
  misdirect_next_ = false;
}

void SimDisk::RestartProcess() {
  Disarm();
  dead_ = failed_ = segment_failed_ = false;
  tries_after_failure_ = 0;
  for (auto& [path, content] : names_) {
    if (random_.OneIn(2)) Forget(*content);
  }
}

void SimDisk::CutPower() {
  RestartProcess();
  ApplyNames(random_.Below(name_changes_.size() + 1));
  name_changes_.clear();
  names_ = durable_names_;
  const uint64_t kept_of_four = random_.Below(5);
  for (auto& [path, content] : names_) {
    for (const uint32_t sector : content->dirty) {
      if (random_.Below(4) < kept_of_four) MakeDurable(*content, sector);
    }
    content->dirty.clear();
    content->now = content->durable;
    content->sectors.assign((content->now.size() + kSectorBytes - 1) / kSectorBytes, kClean);
  }
}

// --- Damage.

void SimDisk::PutDurably(Content& content, uint64_t offset, absl::string_view bytes) {
  for (std::string* side : {&content.now, &content.durable}) {
    if (side->size() < offset + bytes.size()) side->resize(offset + bytes.size());
    std::memcpy(side->data() + offset, bytes.data(), bytes.size());
  }
}

// The wrong place lies before the right one, or well behind it: where the next write goes nothing can be put right again.
void SimDisk::Misdirect(const std::shared_ptr<Content>& content, uint64_t offset, absl::string_view bytes) {
  constexpr uint64_t kAheadSectors = 32;
  // Half of the times only a run of sectors within goes astray.
  uint64_t begin = 0;
  uint64_t end = bytes.size();
  const uint64_t first_whole = (kSectorBytes - offset % kSectorBytes) % kSectorBytes;
  if (random_.OneIn(2) && first_whole < bytes.size()) {
    const uint64_t sectors = (bytes.size() - first_whole + kSectorBytes - 1) / kSectorBytes;
    begin = first_whole + random_.Below(sectors) * kSectorBytes;
    end = std::min<uint64_t>(bytes.size(), begin + (1 + random_.Below(sectors)) * kSectorBytes);
  }
  Put(*content, offset, bytes.substr(0, begin));
  Put(*content, offset + end, bytes.substr(end));
  offset += begin;
  bytes = bytes.substr(begin, end - begin);

  struct Place {
    std::shared_ptr<Content> content;
    uint64_t offset;
  };
  std::vector<Place> places;
  for (const auto& [path, other] : names_) {
    if (!absl::EndsWith(path, ".seg")) continue;
    for (uint64_t at = offset % kSectorBytes; at + bytes.size() <= other->now.size(); at += kSectorBytes) {
      const bool near = other == content && at + bytes.size() > offset - begin && at < offset + kAheadSectors * kSectorBytes;
      if (!near) places.push_back({other, at});
    }
    if (other == content) break;
  }
  const Place& place = random_.Pick(places);
  misdirection_.push_back({place.content, place.offset, place.content->now.substr(place.offset, bytes.size())});
  misdirection_.push_back({content, offset, std::string(bytes)});
  PutDurably(*place.content, place.offset, bytes);
}

void SimDisk::UndoMisdirection() {
  for (const Patch& patch : misdirection_) PutDurably(*patch.content, patch.offset, patch.bytes);
  misdirection_.clear();
}

char SimDisk::ByteAt(const std::string& path, uint64_t offset) const {
  const auto found = names_.find(path);
  return found == names_.end() || offset >= found->second->now.size() ? '\0' : found->second->now[offset];
}

void SimDisk::FlipBit(const std::string& path, uint64_t offset, int bit) {
  Content& content = *names_.at(path);
  for (std::string* side : {&content.now, &content.durable}) {
    if (offset < side->size()) (*side)[offset] = static_cast<char>((*side)[offset] ^ (1 << bit));
  }
}

}  // namespace fenfen::sim
