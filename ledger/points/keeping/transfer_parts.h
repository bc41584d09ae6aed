// What the halves of a transfer share. Pure.
#pragma once

#include <vector>

#include "ledger/points/keeping/household_people.h"
#include "ledger/points/keeping/transfer.h"
#include "ledger/points/purse.h"

namespace fenfen {

constexpr AccountId InTransit(Asset asset, uint64_t number) { return {AccountKind::kInTransit, asset, number}; }
// What stands against it in the other partition.
constexpr AccountId OnItsWay(Asset asset, uint64_t number) { return {AccountKind::kProgramme, asset, number}; }

// Counts what a household gave, in its partition.
RecordKey GivenKey(HouseholdId household);

std::vector<Lot> LotsOf(const ledger::v1::Transfer& transfer);
Points SumOf(const ledger::v1::Transfer& transfer);
void SetLots(const std::vector<Lot>& lots, ledger::v1::Transfer& transfer);

// The facts of a transaction that leaves the transfer like this. Hashes stay in the records.
ledger::v1::KeepingFacts TransferFactsOf(const ledger::v1::Transfer& transfer);

// Adds the household and the transfer's record to the transaction, and why.
void Finish(Transaction& transaction, HouseholdId id, const Versioned<HouseholdRecord>& household, const RecordKey& key,
            PartitionSeq version, const ledger::v1::Transfer& transfer, const Purse& purse, ledger::v1::KeepingFacts facts);

}  // namespace fenfen
