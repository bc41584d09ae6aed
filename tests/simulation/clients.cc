#include "tests/simulation/clients.h"

#include <map>

#include "tests/simulation/town.h"

namespace fenfen::sim {
namespace {

constexpr size_t kHouseholds = 24;
constexpr size_t kPartitionsUsed = 5;
constexpr int kDevices = 3;
constexpr size_t kDelayedMax = 40;
constexpr size_t kUnansweredMax = 200;
constexpr size_t kAnsweredMax = 300;
constexpr size_t kVouchersMax = 40;
constexpr size_t kDropsMax = 60;
constexpr int kBatchMax = 40;
// Of one partition in a batch, so that their bytes stay below a longest transaction of the journal's small options.
constexpr int kBatchOfPartitionMax = 6;

}  // namespace

Clients::Clients(Random& random, const Model& model) : random_(random), model_(model) {
  std::vector<PartitionId> partitions;
  for (size_t n = 0; n < kPartitionsUsed; ++n) partitions.emplace_back(static_cast<uint16_t>(random_.Below(kHouseholdPartitions)));
  for (uint64_t id = 1 + random_.Below(1'000'000'000); households_.size() < kHouseholds; ++id) {
    for (const PartitionId partition : partitions) {
      if (PartitionOf(HouseholdId(id)) == partition) households_.emplace_back(id);
    }
  }
  for (int n = 1; n <= kDevices; ++n) devices_.push_back({CatalogueIdOf(Name("devices", n)), 1 + random_.Below(1000)});
}

SharedRequest Clients::Make(RequestKey key, Body body) {
  Request request{++requests_, kCataloguePartition, key, random_.Next(), std::move(body)};
  if (const auto* enrolment = std::get_if<EnrolmentFacts>(&request.body)) request.partition = PartitionOf(enrolment->household);
  if (const auto* drop = std::get_if<DropFacts>(&request.body)) request.partition = PartitionOf(drop->household);
  if (const auto* reservation = std::get_if<Reservation>(&request.body)) request.partition = PartitionOf(reservation->household);
  if (const auto* capture = std::get_if<CaptureFacts>(&request.body)) request.partition = PartitionOf(capture->voucher);
  if (const auto* decision = std::get_if<Decision>(&request.body)) request.partition = PartitionOf(decision->household);
  return std::make_shared<const Request>(std::move(request));
}

// A UUIDv7 of this moment.
RequestKey Clients::NewKey(absl::Time now) {
  const auto millis = static_cast<uint64_t>(absl::ToUnixMillis(now));
  return {millis << 16 | uint64_t{7} << 12 | random_.Below(1 << 12), uint64_t{2} << 62 | random_.Next() >> 2};
}

std::vector<SharedRequest> Clients::Next(absl::Time now) {
  const uint64_t roll = random_.Below(100);
  SharedRequest next;
  if (roll < 14) next = Repeat();
  if (roll >= 14 && roll < 34) next = ClientDrop(now);
  if (roll >= 34 && roll < 46) next = DeviceDrop(now);
  if (roll >= 46 && roll < 52) next = Decide(now);
  if (roll >= 52 && roll < 62) return Batch(now);
  if (roll >= 62 && roll < 76) next = Reserve(now);
  if (roll >= 76 && roll < 87) next = Capture(now);
  if (roll >= 87 && roll < 90) next = Enrolment(random_.Pick(households_), now);
  if (roll >= 90 && roll < 92) next = CatalogueUpdate(now);
  if (roll >= 92 && !delayed_.empty()) {
    // The order of arrival is not that of sending.
    const size_t at = random_.Below(delayed_.size());
    next = delayed_[at];
    delayed_[at] = delayed_.back();
    delayed_.pop_back();
    return {next};
  }
  if (next == nullptr) next = ClientDrop(now);
  if (random_.OneIn(12) && delayed_.size() < kDelayedMax) {
    delayed_.push_back(next);
    return {ClientDrop(now)};
  }
  return {next};
}

void Clients::Answered(const SharedRequest& request) {
  answered_.push_back(request);
  if (answered_.size() > kAnsweredMax) answered_.pop_front();
}

void Clients::Unanswered(const SharedRequest& request) {
  if (unanswered_.size() < kUnansweredMax) unanswered_.push_back(request);
}

// Something that was sent before, with or without an answer, or its key with something else.
SharedRequest Clients::Repeat() {
  if (!unanswered_.empty() && !random_.OneIn(4)) {
    const size_t at = random_.Below(unanswered_.size());
    SharedRequest again = unanswered_[at];
    unanswered_[at] = unanswered_.back();
    unanswered_.pop_back();
    return again;
  }
  if (answered_.empty()) return nullptr;
  const SharedRequest& former = answered_[random_.Below(answered_.size())];
  return random_.OneIn(4) ? SameKeyOtherBody(*former) : former;
}

SharedRequest Clients::SameKeyOtherBody(const Request& former) {
  Request other = former;
  other.number = ++requests_;
  // Half of them differ in the upper half of the fingerprint alone, which a State may not remember.
  other.fingerprint ^= random_.OneIn(2) ? uint64_t{1} << 40 : random_.Next() | 1;
  if (auto* drop = std::get_if<DropFacts>(&other.body)) drop->grams = 1 + drop->grams.value_or(0);
  return std::make_shared<const Request>(std::move(other));
}

DropFacts Clients::Drop(absl::Time now) {
  DropFacts facts;
  facts.household = random_.OneIn(60) ? HouseholdId(households_.front().value() - 1) : random_.Pick(households_);
  facts.member = static_cast<uint32_t>(random_.Below(random_.OneIn(40) ? 8 : 3));
  facts.category = static_cast<int>(random_.OneIn(50) ? random_.Below(9) : 1 + random_.Below(4));
  if (!random_.OneIn(6)) facts.grams = random_.OneIn(50) ? random_.Between(-2, 60'000) : random_.Between(1, 3000);
  facts.station = CatalogueIdOf(Name("stations", 1 + random_.Below(random_.OneIn(50) ? 6 : 3)));
  facts.event_time = now - absl::Seconds(random_.Between(0, 600));
  if (random_.OneIn(12)) facts.event_time -= absl::Minutes(random_.Between(0, int64_t{12} * 24 * 60));
  if (random_.OneIn(60)) facts.event_time += absl::Minutes(random_.Between(0, 30));
  return facts;
}

SharedRequest Clients::ClientDrop(absl::Time now) {
  DropFacts facts = Drop(now);
  if (random_.OneIn(2)) facts.code_step = static_cast<uint64_t>(absl::ToUnixSeconds(now)) / 300;
  const SharedRequest request = Make(NewKey(now), facts);
  if (random_.OneIn(2)) drops_.emplace_back(facts.household, request->key);
  if (drops_.size() > kDropsMax) drops_.pop_front();
  return request;
}

SharedRequest Clients::DeviceDrop(absl::Time now) {
  Device& device = devices_[random_.Below(devices_.size())];
  DropFacts facts = Drop(now);
  facts.may_be_late = true;
  const SharedRequest request = Make(DeviceEventKey(device.id, device.next++), facts);
  if (random_.OneIn(2)) drops_.emplace_back(facts.household, request->key);
  if (drops_.size() > kDropsMax) drops_.pop_front();
  return request;
}

std::vector<SharedRequest> Clients::Batch(absl::Time now) {
  std::vector<SharedRequest> batch;
  std::map<PartitionId, int> of_partition;
  const auto want = static_cast<size_t>(random_.Between(2, kBatchMax));
  while (batch.size() < want) {
    SharedRequest next = batch.empty() || !random_.OneIn(10) ? DeviceDrop(now) : random_.Pick(batch);
    if (random_.OneIn(20)) next = Reserve(now);
    if (++of_partition[next->partition] > kBatchOfPartitionMax) break;
    batch.push_back(std::move(next));
  }
  if (random_.OneIn(3)) std::swap(batch.front(), batch.back());
  return batch;
}

std::vector<SharedRequest> Clients::Enrolments(absl::Time now) {
  std::vector<SharedRequest> requests;
  for (size_t n = 0; n + 3 < households_.size(); ++n) requests.push_back(Enrolment(households_[n], now));
  return requests;
}

SharedRequest Clients::Enrolment(HouseholdId household, absl::Time now) {
  EnrolmentFacts facts;
  facts.household = household;
  facts.region = CatalogueIdOf(Estate(random_.OneIn(20) ? 9 : 1 + random_.Below(2)));
  facts.card_hash = random_.Next();
  facts.door_hash = random_.Next();
  facts.members.assign(random_.OneIn(20) ? 0 : 2 + random_.Below(2), 0);
  return Make(NewKey(now), facts);
}

SharedRequest Clients::Reserve(absl::Time now) {
  const HouseholdId household = random_.Pick(households_);
  const SharedRequest request = Make(NewKey(now), Reservation{household, CatalogueIdOf(Name("offers", 1 + random_.Below(kOffers + 1)))});
  vouchers_.emplace_back(household, VoucherIdFor(household, request->key));
  if (vouchers_.size() > kVouchersMax) vouchers_.pop_front();
  return request;
}

// What a person or the clock makes of a drop, whether or not it waits.
SharedRequest Clients::Decide(absl::Time now) {
  if (drops_.empty()) return nullptr;
  const auto& [household, drop] = drops_[random_.Below(drops_.size())];
  Decision decision{household, drop, static_cast<Decision::What>(random_.Below(3)), std::nullopt};
  if (random_.OneIn(2)) decision.grams = random_.Between(1, 3000);
  return Make(NewKey(now), decision);
}

SharedRequest Clients::Capture(absl::Time now) {
  if (vouchers_.empty()) return nullptr;
  const auto& [household, voucher] = vouchers_[random_.Below(vouchers_.size())];
  const CatalogueId merchant = CatalogueIdOf(Name("merchants", 1 + random_.Below(2)));
  return Make(NewKey(now), CaptureFacts{household, voucher, merchant, CatalogueIdOf("merchants/1/operators/1")});
}

}  // namespace fenfen::sim
