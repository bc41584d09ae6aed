#include "clients/ctl/verify/verification_fold.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace fenfen::ctl {
namespace {

using ledger::v1::Bag;
using ledger::v1::PendingDrop;

std::string NameOf(const char* what, uint64_t id) { return absl::StrCat(what, " ", absl::Hex(id, absl::kZeroPad16)); }

bool IsOurs(TransactionKind kind) {
  return kind == TransactionKind::kPendingDrop || kind == TransactionKind::kRelease || kind == TransactionKind::kRejection ||
         kind == TransactionKind::kBagIssue;
}

template <typename Message>
std::optional<Message> Parse(absl::string_view bytes) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  return message;
}

bool WritesOurs(const Transaction& transaction) {
  return std::any_of(transaction.changes.begin(), transaction.changes.end(), [](const RecordChange& change) {
    return change.key.kind == RecordKind::kPendingDrop || change.key.kind == RecordKind::kBag;
  });
}

// Whether there is a step from one of a bag's states to another; 0 is where it is not there yet.
bool MayCome(int from, int to) {
  switch (to) {
    case Bag::STATE_ISSUED:
      return from == 0;
    case Bag::STATE_PUT_IN:
    case Bag::STATE_REVOKED:
      return from == Bag::STATE_ISSUED;
    case Bag::STATE_DONE:
      return from == Bag::STATE_ISSUED || from == Bag::STATE_PUT_IN;
    default:
      return false;
  }
}

// A release's record against what it posts: to or from its household and what that owes, and the programme alone.
void CheckPostings(const Transaction& transaction, const PendingDrop& drop, bool has_record, VerificationFold::Report report) {
  int64_t reward = 0;
  int64_t civic = 0;
  for (const Posting& posting : transaction.postings) {
    const AccountKind kind = posting.account.kind;
    if (kind == AccountKind::kProgramme) continue;
    const bool its = kind == AccountKind::kHousehold || kind == AccountKind::kDebt;
    if (!its || (has_record && posting.account.owner != drop.household())) report("a release posts to somebody else's account");
    (posting.account.asset == Asset::kReward ? reward : civic) += posting.amount.hundredths();
  }
  if (!has_record || (reward == drop.reward() && civic == drop.civic())) return;
  report(absl::StrCat("a release posts ", reward, " and ", civic, ", its record says ", drop.reward(), " and ", drop.civic()));
}

}  // namespace

void VerificationFold::Begin(const PartitionOpening& opening) {
  for (const auto& [key, record] : opening.records) {
    if (key.kind == RecordKind::kPendingDrop) {
      const std::optional<PendingDrop> drop = Parse<PendingDrop>(record.bytes);
      drops_[key.id] = drop && !record.written_since ? std::optional<int>(drop->state()) : std::nullopt;
    } else if (key.kind == RecordKind::kBag) {
      const std::optional<Bag> bag = Parse<Bag>(record.bytes);
      if (!bag) continue;
      if (bag->state() == Bag::STATE_COUNTER) {
        counters_[key.id] = record.written_since ? std::nullopt : std::optional<Counter>(Counter{bag->month(), bag->issued()});
      } else {
        bags_[key.id] = record.written_since ? std::nullopt : std::optional<int>(bag->state());
      }
    }
  }
}

void VerificationFold::TakeDrop(uint64_t id, const PendingDrop& drop, Report report) {
  const auto [found, is_new] = drops_.try_emplace(id, drop.state());
  if (drop.state() == PendingDrop::STATE_WAITING) {
    if (!is_new) report(absl::StrCat(NameOf("pending drop", id), " is recorded again"));
  } else if (is_new) {
    report(absl::StrCat(NameOf("pending drop", id), " is decided, and was never recorded"));
  } else if (found->second && *found->second != PendingDrop::STATE_WAITING) {
    report(absl::StrCat(NameOf("pending drop", id), " is decided again"));
  }
  found->second = drop.state();
}

void VerificationFold::TakeBag(uint64_t id, const Bag& bag, Written& written, Report report) {
  if (bag.state() == Bag::STATE_COUNTER) {
    written.counter = bag;
    written.counter_id = id;
    return;
  }
  const auto [found, is_new] = bags_.try_emplace(id, 0);
  if (found->second && !MayCome(*found->second, bag.state())) {
    report(absl::StrCat(NameOf("bag", id), " goes from state ", *found->second, " to ", static_cast<int>(bag.state())));
  }
  found->second = bag.state();
  written.bags_issued += bag.state() == Bag::STATE_ISSUED ? 1 : 0;
  written.bags_put_in += bag.state() == Bag::STATE_PUT_IN ? 1 : 0;
  written.bags_ended += bag.state() == Bag::STATE_DONE ? 1 : 0;
  written.bags_revoked += bag.state() == Bag::STATE_REVOKED ? 1 : 0;
}

VerificationFold::Written VerificationFold::Read(const Transaction& transaction, Report report) {
  Written written;
  for (const RecordChange& change : transaction.changes) {
    if (change.key.kind == RecordKind::kPendingDrop) {
      const std::optional<PendingDrop> drop = Parse<PendingDrop>(change.bytes);
      if (!drop) {
        report(absl::StrCat(NameOf("pending drop", change.key.id), " does not have its form"));
        continue;
      }
      ++written.drops;
      written.drop = *drop;
      written.drop_id = change.key.id;
      TakeDrop(change.key.id, *drop, report);
    } else if (change.key.kind == RecordKind::kBag) {
      const std::optional<Bag> bag = Parse<Bag>(change.bytes);
      if (bag) {
        TakeBag(change.key.id, *bag, written, report);
      } else {
        report(absl::StrCat(NameOf("bag", change.key.id), " does not have its form"));
      }
    }
  }
  return written;
}

// A household's count of the month rises by what was handed out, or begins anew with it.
void VerificationFold::CheckCounter(const Written& written, Report report) {
  if (written.bags_issued == 0) return;
  if (!written.counter) return report("bags are handed out and not counted");
  const auto [found, is_new] = counters_.try_emplace(written.counter_id, Counter{});
  const Counter now{written.counter->month(), written.counter->issued()};
  if (found->second) {
    const int32_t before = found->second->month == now.month ? found->second->issued : 0;
    if (now.issued != before + written.bags_issued) {
      report(absl::StrCat(NameOf("bags' count", written.counter_id), " is ", now.issued, " after ", before, " and ", written.bags_issued));
    }
    if (now.month < found->second->month) report(absl::StrCat(NameOf("bags' count", written.counter_id), " goes back in time"));
  }
  found->second = now;
}

void VerificationFold::Apply(const Transaction& transaction, Report report) {
  if (!IsOurs(transaction.kind) && !WritesOurs(transaction)) return;  // most are not
  const Written written = Read(transaction, report);
  const bool writes_bags = written.bags_issued + written.bags_put_in + written.bags_ended + written.bags_revoked > 0;
  if (!IsOurs(transaction.kind)) {
    if (written.drops > 0 || writes_bags || written.counter) report("a pending drop or a bag is written by an entry of another kind");
    return;
  }
  const bool releases = transaction.kind == TransactionKind::kRelease;
  if (!releases && !transaction.postings.empty()) report("an entry of verification that is no release posts points");
  if (transaction.kind == TransactionKind::kBagIssue) {
    if (written.drops > 0 || written.bags_put_in + written.bags_ended > 0) report("an entry of bags does something else, too");
    if ((written.bags_issued > 0) == (written.bags_revoked > 0)) report("an entry of bags neither hands out nor revokes");
    return CheckCounter(written, report);
  }
  const int bags = written.bags_put_in + written.bags_ended;
  if (written.drops > 1 || bags > 1 || written.bags_issued + written.bags_revoked > 0) report("a drop's entry decides several things");
  if (transaction.kind == TransactionKind::kPendingDrop) {
    if (written.drops != 1 || written.drop.state() != PendingDrop::STATE_WAITING) report("a pending drop's entry without the drop");
    if ((written.drop.bag() != 0) != (written.bags_put_in == 1)) report("a drop in a bag without the bag");
    return;
  }
  // A bag that nobody scanned when it was put in has no pending drop.
  if (written.drops == 0 && written.bags_ended != 1) report("a drop is decided, and there is none");
  const int state = releases ? PendingDrop::STATE_RELEASED : PendingDrop::STATE_REJECTED;
  if (written.drops == 1 && written.drop.state() != state) {
    report(absl::StrCat(NameOf("pending drop", written.drop_id), " does not say what was decided"));
  }
  if (written.drops == 1 && (written.drop.bag() != 0) != (written.bags_ended == 1)) report("a drop in a bag is decided without the bag");
  if (releases) CheckPostings(transaction, written.drop, written.drops == 1, report);
}

}  // namespace fenfen::ctl
