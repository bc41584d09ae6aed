#include "server/services/liability.h"

#include <optional>
#include <vector>

#include "ledger/points/keeping/transfer.h"
#include "server/services/transfer_flow.h"

namespace fenfen::server {
namespace {

constexpr size_t kListed = 4096;  // households and vouchers at a time
constexpr size_t kTransfersMax = 100'000;
constexpr int kCountsMax = 3;

template <typename Id>
using ByPartition = std::vector<std::vector<Id>>;

ByPartition<HouseholdId> AllHouseholds(const Directory& directory) {
  ByPartition<HouseholdId> all(kHouseholdPartitions);
  for (size_t first = 0;; first += kListed) {
    const std::vector<HouseholdId> some = directory.Households(first, kListed);
    for (const HouseholdId household : some) all[PartitionOf(household).value()].push_back(household);
    if (some.size() < kListed) return all;
  }
}

ByPartition<VoucherId> OpenVouchers(const Reservations& reservations) {
  ByPartition<VoucherId> all(kHouseholdPartitions);
  std::optional<Reservations::Due> after;
  while (true) {
    const std::vector<Reservations::Due> some = reservations.VouchersDue(absl::InfiniteFuture(), kListed, after);
    for (const Reservations::Due& due : some) {
      if (after && due == *after) continue;
      all[PartitionOf(VoucherId(due.second)).value()].push_back(VoucherId(due.second));
    }
    if (some.size() < kListed) return all;
    after = some.back();
  }
}

// What has left one household and neither arrived nor come back.
absl::StatusOr<int64_t> SumInTransit(Backend& backend) {
  int64_t sum = 0;
  if (backend.open_transfers == nullptr) return sum;
  for (const uint64_t number : backend.open_transfers->List(kTransfersMax)) {
    const absl::StatusOr<ledger::v1::Transfer> transfer = ReadTransfer(backend.engine, SentKey(number));
    if (absl::IsNotFound(transfer.status())) continue;
    if (!transfer.ok()) return transfer.status();
    if (transfer->state() != ledger::v1::Transfer::STATE_SENT) continue;
    for (const ledger::v1::TransferLot& lot : transfer->lots()) sum += lot.amount();
  }
  return sum;
}

absl::StatusOr<Liability> CountOnce(Backend& backend, const LiabilityCounter& counter) {
  const ByPartition<HouseholdId> households = AllHouseholds(backend.directory);
  const ByPartition<VoucherId> vouchers = OpenVouchers(backend.reservations);
  Liability liability;
  for (uint16_t p = 0; p < kHouseholdPartitions; ++p) {
    Liability part;
    const absl::Status read = backend.engine.ReadAndWait(PartitionId(p), [&](const View& view) {
      part = Liability();  // a reader may run more than once
      counter.Look(view, households[p], vouchers[p], part);
    });
    if (!read.ok()) return read;
    liability.Add(part);
  }
  const absl::StatusOr<int64_t> in_transit = SumInTransit(backend);
  if (!in_transit.ok()) return in_transit.status();
  liability.totals.set_in_transit(*in_transit);
  Balance(liability.totals);
  return liability;
}

}  // namespace

absl::StatusOr<Liability> CountLiability(Backend& backend, const Catalogue& catalogue) {
  const LiabilityCounter counter(catalogue);
  for (int counted = 1;; ++counted) {
    absl::StatusOr<Liability> liability = CountOnce(backend, counter);
    if (!liability.ok() || liability->totals.difference() == 0 || counted == kCountsMax) return liability;
  }
}

}  // namespace fenfen::server
