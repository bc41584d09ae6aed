// Records: keyed, versioned documents of a partition. A record's version is the sequence number of the transaction that last wrote it,
// and each transaction holds the version that it replaced; so a record's history is a chain through the journal, newest first.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ledger/core/account.h"
#include "ledger/core/ids.h"

namespace fenfen {

// What a record is. On disk, do not renumber.
enum class RecordKind : uint8_t {
  kHousehold = 1,  // id: HouseholdId; written by every transaction of the household, so its chain is the statement
  kVoucher = 2,    // id: VoucherId
  // In a household's partition; the bytes are a serialised fenfen.ledger.v1 message of that name. Ids have the partition in the top 8 bits,
  // as a VoucherId, where nothing else is said.
  kPendingDrop = 3,
  kBag = 4,
  kInvitation = 5,
  kTransfer = 6,
  kOfferStock = 7,  // id: CatalogueId of the offer, in the offer's partition
  kStockHold = 8,   // in the offer's partition
  kProposal = 9,
  kAppeal = 10,
  kGame = 11,  // id: HouseholdId; streaks, choices
  kTeam = 12,
  kRiskCase = 13,
  kMerchantPeriod = 14,  // id: a hash of merchant and period; what of it is paid in this partition
  kCollection = 15,      // id: a hash of station and day, in the station's partition
  // The catalogue's, in partition 256; id: CatalogueId, bytes: the serialised fenfen.v1 message of that name.
  kRegion = 16,
  kStation = 17,
  kDevice = 18,
  kRuleSet = 19,  // id: the version
  kMerchant = 20,
  kOffer = 21,
  kStaff = 22,
  kSettlement = 23,
  kBudget = 24,
  kBoard = 25,
  kBoardResult = 26,
  kBadge = 27,
  kQuest = 28,
};

struct RecordKey {
  RecordKind kind;
  uint64_t id;

  friend constexpr auto operator<=>(const RecordKey&, const RecordKey&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const RecordKey& key) {
    return H::combine(std::move(state), static_cast<uint8_t>(key.kind), key.id);
  }
};

// A record as read. `bytes` is good while the View it came from is.
struct RecordView {
  PartitionSeq version;
  absl::string_view bytes;
};

// A record as a transaction leaves it.
struct RecordChange {
  RecordKey key;
  PartitionSeq previous;  // the version replaced; 0 where there was none
  std::string bytes;

  friend bool operator==(const RecordChange&, const RecordChange&) = default;
};

// What a decision may look at: the records and accounts that it named, and nothing else.
class View {
 public:
  virtual ~View() = default;
  // The record, or nullopt where there is none.
  virtual std::optional<RecordView> Record(const RecordKey& key) const = 0;
  // The balance; zero for an account never posted to.
  virtual Points Balance(const AccountId& account) const = 0;
  // Says what will be asked for soon, so that a View over a network fetches it together. A hint: nothing need be named, nor asked for.
  virtual void Expect(absl::Span<const RecordKey> /*records*/, absl::Span<const AccountId> /*accounts*/) const {}
};

}  // namespace fenfen
