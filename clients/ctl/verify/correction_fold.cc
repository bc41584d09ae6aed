#include "clients/ctl/verify/correction_fold.h"

#include <cstdlib>
#include <optional>

#include "absl/strings/str_cat.h"
#include "fenfen/ledger/v1/facts.pb.h"
#include "ledger/core/bytes.h"

namespace fenfen::ctl {
namespace {

constexpr uint8_t kCorrectionWhyFormat = 1;
constexpr uint64_t kLow56 = (uint64_t{1} << 56) - 1;

// The facts of the area, and the household; nullopt where the bytes do not have the form "6 and more".
std::optional<std::pair<uint64_t, ledger::v1::CorrectingFacts>> ReadFacts(const Transaction& transaction) {
  ByteReader in(transaction.why);
  if (in.U8() != kCorrectionWhyFormat) return std::nullopt;
  const uint64_t household = in.Varint();
  in.Zigzag();  // reward after
  in.Zigzag();  // civic after
  const absl::string_view bytes = in.Bytes();
  ledger::v1::Facts facts;
  if (!in.Finished() || !facts.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !facts.has_correcting()) return std::nullopt;
  return std::make_pair(household, std::move(*facts.mutable_correcting()));
}

template <typename Message>
std::optional<std::pair<uint64_t, Message>> ReadRecord(const Transaction& transaction, RecordKind kind) {
  for (const RecordChange& change : transaction.changes) {
    Message message;
    if (change.key.kind == kind && message.ParseFromString(change.bytes)) return std::make_pair(change.key.id, std::move(message));
  }
  return std::nullopt;
}

bool IsOpen(const ledger::v1::EntryCase& entry_case) {
  return !entry_case.appeals().empty() && entry_case.appeals().rbegin()->answer_micros() == 0;
}

}  // namespace

void CorrectionFold::Begin(const PartitionOpening& opening) {
  before_ = opening.last.value();
  for (const auto& [key, record] : opening.records) {
    // What was written since stands in the snapshot as it is later; its entries are still to come.
    if (record.written_since) continue;
    if (key.kind == RecordKind::kAppeal) {
      ledger::v1::EntryCase stored;
      if (!stored.ParseFromString(record.bytes)) continue;
      if (stored.reversed_micros() != 0) reversed_.insert(key.id & kLow56);
      open_appeals_[key.id] = IsOpen(stored);
    } else if (key.kind == RecordKind::kProposal) {
      ledger::v1::Proposal stored;
      if (stored.ParseFromString(record.bytes)) TakeProposal(key.id, stored);
    }
  }
}

void CorrectionFold::TakeProposal(uint64_t id, const ledger::v1::Proposal& stored) {
  proposals_[id] = {stored.household(), stored.asset(), stored.amount(), stored.proposer(), stored.decide_micros() == 0};
}

CorrectionFold::Effect CorrectionFold::EffectOf(const Transaction& transaction) {
  Effect effect;
  for (const Posting& posting : transaction.postings) {
    if (posting.account.kind == AccountKind::kHousehold || posting.account.kind == AccountKind::kDebt) {
      (posting.account.asset == Asset::kReward ? effect.reward : effect.civic) += posting.amount.hundredths();
    } else if (posting.account.asset == Asset::kReward) {
      effect.accounts += absl::Hash<AccountId>()(posting.account) * static_cast<uint64_t>(posting.amount.hundredths());
    }
  }
  return effect;
}

void CorrectionFold::Apply(PartitionSeq seq, const Transaction& transaction, Report report) {
  const Effect effect = EffectOf(transaction);
  switch (transaction.kind) {
    case TransactionKind::kReversal:
      CheckReversal(seq, transaction, effect, report);
      break;
    case TransactionKind::kProposal:
    case TransactionKind::kAdjustment:
    case TransactionKind::kDismissal:
      CheckAdjustment(transaction, effect, report);
      break;
    case TransactionKind::kAppeal:
    case TransactionKind::kAppealAnswer:
      CheckAppeal(transaction, report);
      break;
    default:
      break;
  }
  // Whatever is wrong with the sequence is told elsewhere.
  if (seq.value() == before_ + effects_.size() + 1) effects_.push_back(effect);
}

void CorrectionFold::CheckReversal(PartitionSeq seq, const Transaction& transaction, const Effect& effect, Report report) {
  const auto facts = ReadFacts(transaction);
  if (!facts || !facts->second.has_reversal()) return report("a reversal does not say of what");
  const uint64_t entry = facts->second.reversal().entry();
  if (entry == 0 || entry >= seq.value()) return report(absl::StrCat("a reversal of entry ", entry, ", which is not before it"));
  if (!reversed_.insert(entry).second) report(absl::StrCat("entry ", entry, " is reversed again"));
  const auto stored = ReadRecord<ledger::v1::EntryCase>(transaction, RecordKind::kAppeal);
  if (!stored || (stored->first & kLow56) != entry || stored->second.reversed_micros() == 0) {
    report(absl::StrCat("entry ", entry, " is reversed, and its record does not say so"));
  }
  if (entry <= before_ || entry - before_ > effects_.size()) return;
  const Effect& original = effects_[entry - before_ - 1];
  if (effect.reward != -original.reward || effect.accounts != 0 - original.accounts) {
    report(absl::StrCat("a reversal of entry ", entry, " gives ", effect.reward, " reward, the entry gave ", original.reward));
  }
  if (effect.civic != -original.civic) {
    report(absl::StrCat("a reversal of entry ", entry, " gives ", effect.civic, " civic, the entry gave ", original.civic));
  }
}

void CorrectionFold::CheckAdjustment(const Transaction& transaction, const Effect& effect, Report report) {
  const auto record = ReadRecord<ledger::v1::Proposal>(transaction, RecordKind::kProposal);
  if (!record) return report("an adjustment's entry without its proposal");
  const auto& [id, stored] = *record;
  const std::string name = absl::StrCat("proposal ", id);
  const auto before = proposals_.find(id);
  const bool proposes = transaction.kind == TransactionKind::kProposal;
  const bool posts = transaction.kind == TransactionKind::kAdjustment;
  if (proposes) {
    if (before != proposals_.end()) report(absl::StrCat(name, " is made again"));
    if (stored.decide_micros() != 0 || stored.proposer() != transaction.actor.id) report(absl::StrCat(name, " is not its maker's"));
  } else if (before != proposals_.end()) {
    const Proposal& was = before->second;
    if (!was.open) report(absl::StrCat(name, " is decided again"));
    if (was.household != stored.household() || was.asset != stored.asset() || was.amount != stored.amount() ||
        was.proposer != stored.proposer()) {
      report(absl::StrCat(name, " is no longer what was proposed"));
    }
  }
  if (!proposes) {
    if (stored.decide_micros() == 0 || stored.approved() != posts) report(absl::StrCat(name, " does not say what was decided"));
    if (stored.decider() != transaction.actor.id || stored.decider() == stored.proposer()) {
      report(absl::StrCat(name, " is decided by who proposed it"));
    }
  }
  const bool reward = stored.asset() == static_cast<int32_t>(Asset::kReward);
  const int64_t amount = posts ? stored.amount() : 0;
  const int64_t posted = reward ? effect.reward : effect.civic;
  const bool cut = !reward && amount < 0 && posted <= 0 && posted > amount;  // civic points, as far as there were any
  if ((posted != amount && !cut) || (reward ? effect.civic : effect.reward) != 0) {
    report(absl::StrCat(name, " of ", stored.amount(), " posts ", posted));
  }
  TakeProposal(id, stored);
}

void CorrectionFold::CheckAppeal(const Transaction& transaction, Report report) {
  const auto record = ReadRecord<ledger::v1::EntryCase>(transaction, RecordKind::kAppeal);
  if (!record) return report("an appeal's entry without its case");
  const auto& [id, stored] = *record;
  const bool opens = transaction.kind == TransactionKind::kAppeal;
  const auto before = open_appeals_.find(id);
  if (before != open_appeals_.end() && before->second == opens) {
    report(absl::StrCat("an appeal against entry ", id & kLow56, opens ? " while one is open" : " is answered again"));
  }
  if (IsOpen(stored) != opens) report(absl::StrCat("the case of entry ", id & kLow56, " does not say what its entry says"));
  if (!transaction.postings.empty()) report(absl::StrCat("an appeal against entry ", id & kLow56, " moves points"));
  open_appeals_[id] = opens;
}

}  // namespace fenfen::ctl
