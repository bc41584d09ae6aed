#include "ledger/state/redis/redis_functions.h"

#include <algorithm>
#include <array>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/state/redis/packed_list.h"

namespace fenfen {
namespace {

// An FCALL as it grows: its arguments, what is packed into the last of them, and which days of the ring it touches.
class Call {
 public:
  Call(absl::string_view function, const PartitionKeys& keys) : function_(function), keys_(keys) {}

  template <typename Value>
  Call& Arg(const Value& value) {
    args_.push_back(absl::StrCat(value));
    return *this;
  }
  Call& Raw(std::string bytes) {
    args_.push_back(std::move(bytes));
    return *this;
  }
  PackedList& packed() { return packed_; }
  void PackKey(const RequestKey& key, uint64_t fingerprint) {
    packed_.Text(RequestField(key));
    const auto kept = static_cast<uint32_t>(fingerprint);
    const std::array<char, 4> bytes = {static_cast<char>(kept >> 24), static_cast<char>(kept >> 16), static_cast<char>(kept >> 8),
                                       static_cast<char>(kept)};
    packed_.Text({bytes.data(), bytes.size()});
    if (IsDeviceEventKey(key)) {
      packed_.Text("").Number(0);
      return;
    }
    const int64_t day = RequestDay(key);
    packed_.Number(day).Number(static_cast<int64_t>(PlaceOf(static_cast<int>(day % PartitionKeys::kDays))));
  }
  void AllDays() {
    for (int day = 0; day < PartitionKeys::kDays; ++day) PlaceOf(day);
  }

  RedisCommand Finish() {
    RedisCommand command{"FCALL", function_, absl::StrCat(PartitionKeys::kBooks + days_.size())};
    command.reserve(command.size() + PartitionKeys::kBooks + days_.size() + args_.size());
    for (int book = 0; book < PartitionKeys::kBooks; ++book) command.push_back(keys_.Book(book));
    for (const int day : days_) command.push_back(keys_.Day(day));
    std::move(args_.begin(), args_.end(), std::back_inserter(command));
    if (!packed_.empty()) command.push_back(std::move(packed_).Finish());
    return command;
  }

 private:
  // Where the day's key stands in KEYS, counted from 1.
  size_t PlaceOf(int day) {
    size_t& place = places_[static_cast<size_t>(day)];
    if (place == 0) {
      days_.push_back(day);
      place = PartitionKeys::kBooks + days_.size();
    }
    return place;
  }

  const std::string function_;
  const PartitionKeys& keys_;
  std::vector<int> days_;
  std::array<size_t, PartitionKeys::kDays> places_{};
  std::vector<std::string> args_;
  PackedList packed_;
};

int64_t CountOf(size_t items) { return static_cast<int64_t>(items); }

void PackEntry(Call& call, const CommitEntry& entry) {
  call.PackKey(entry.key, entry.fingerprint);
  PackedList& packed = call.packed();
  packed.Number(CountOf(entry.versions.size()));
  for (const auto& [key, version] : entry.versions) packed.Text(RecordField(key)).Number(static_cast<int64_t>(version.value()));
  packed.Number(CountOf(entry.balances.size()));
  for (const auto& [account, balance] : entry.balances) packed.Text(AccountField(account)).Number(balance.hundredths());
  if (entry.transaction == nullptr) {
    packed.Text("");
    return;
  }
  packed.Text(EncodeTransaction(*entry.transaction));
  const auto postings = NetPostings(entry.transaction->postings);
  packed.Number(CountOf(postings.size()));
  for (const auto& [account, amount] : postings) {
    packed.Text(AccountField(account)).Number(amount).Number(WithinBound(account.kind, Points(1)) ? 1 : -1);
  }
  packed.Number(CountOf(entry.transaction->changes.size()));
  for (const RecordChange& change : entry.transaction->changes) packed.Text(RecordField(change.key)).Text(change.bytes);
}

PartitionSeq SeqOf(RedisValue value) { return PartitionSeq(static_cast<uint64_t>(value.integer())); }

absl::Status NotAPlace() { return absl::InternalError("Redis: a reply that does not say where the partition is"); }

}  // namespace

std::string FenceToken::Opening() const { return absl::StrCat(replid, "/", term, "/", nonce); }

std::vector<std::pair<AccountId, int64_t>> NetPostings(const std::vector<Posting>& postings) {
  std::vector<std::pair<AccountId, int64_t>> net;
  for (const Posting& posting : postings) {
    const auto same = std::find_if(net.begin(), net.end(), [&](const auto& other) { return other.first == posting.account; });
    if (same == net.end()) {
      net.emplace_back(posting.account, posting.amount.hundredths());
    } else {
      same->second += posting.amount.hundredths();
    }
  }
  return net;
}

RedisCommand CommitCall(const PartitionKeys& keys, const FenceToken& fence, PartitionSeq journaled, absl::Span<const CommitEntry> entries) {
  Call call("fenfen_commit", keys);
  call.Arg(fence.journal).Raw(fence.Opening()).Arg(fence.lowest.value()).Arg(journaled.value());
  call.packed().Number(CountOf(entries.size()));
  for (const CommitEntry& entry : entries) PackEntry(call, entry);
  return call.Finish();
}

RedisCommand RestoreCall(const PartitionKeys& keys, uint64_t journal, uint64_t term, PartitionSeq last,
                         absl::Span<const Transaction> transactions) {
  Call call("fenfen_restore", keys);
  call.Arg(journal).Arg(term).Arg(last.value());
  call.packed().Number(CountOf(transactions.size()));
  for (const Transaction& transaction : transactions) {
    CommitEntry entry{transaction.key, transaction.fingerprint, {}, {}, &transaction};
    for (const RecordChange& change : transaction.changes) entry.versions.emplace_back(change.key, change.previous);
    PackEntry(call, entry);
  }
  return call.Finish();
}

absl::StatusOr<std::vector<Verdict>> ParseVerdicts(RedisValue reply) {
  constexpr absl::string_view kWithoutSeq = "RVOFN";
  if (reply.size() < 2 || !reply[0].is_integer()) return absl::InternalError("Redis: a reply that holds no verdicts");
  PartitionSeq last = SeqOf(reply[0]);
  size_t seen = 2;  // where the next sequence number of an effect before stands
  std::vector<Verdict> verdicts;
  const absl::string_view letters = reply[1].text();
  verdicts.reserve(letters.size());
  for (const char letter : letters) {
    Verdict verdict{static_cast<Verdict::Kind>(letter), {}};
    if (verdict.kind == Verdict::Kind::kCommitted) {
      verdict.seq = last = PartitionSeq(last.value() + 1);
    } else if (verdict.kind == Verdict::Kind::kSame && reply[seen].is_integer()) {
      verdict.seq = SeqOf(reply[seen++]);
    } else if (kWithoutSeq.find(letter) == absl::string_view::npos) {
      return absl::InternalError(absl::StrCat("Redis: not verdicts: ", letters));
    }
    verdicts.push_back(verdict);
  }
  return verdicts;
}

RedisCommand LoadCall(const PartitionKeys& keys, const FenceToken& fence, absl::Span<const RecordKey> records,
                      absl::Span<const AccountId> accounts, absl::Span<const KeyToFind> requests) {
  Call call("fenfen_load", keys);
  call.Arg(fence.journal).Raw(fence.Opening());
  PackedList& packed = call.packed();
  packed.Number(CountOf(records.size()));
  for (const RecordKey& key : records) packed.Text(RecordField(key));
  packed.Number(CountOf(accounts.size()));
  for (const AccountId& account : accounts) packed.Text(AccountField(account));
  packed.Number(CountOf(requests.size()));
  for (const KeyToFind& request : requests) call.PackKey(request.key, request.fingerprint);
  return call.Finish();
}

absl::StatusOr<Loaded> ParseLoaded(RedisValue reply) {
  if (reply.size() != 4 || !reply[0].is_integer()) return absl::InternalError("Redis: a reply that is not what was to be loaded");
  Loaded loaded;
  loaded.last = PartitionSeq(static_cast<uint64_t>(reply[0].integer()));
  for (size_t i = 0; i < reply[1].size(); ++i) {
    const RedisValue value = reply[1][i];
    loaded.records.push_back(ParseRecordValue(value.text()));
    if (!value.is_nil() && !loaded.records.back()) return absl::DataLossError("Redis: a record's value does not have its form");
  }
  for (size_t i = 0; i < reply[2].size(); ++i) {
    const std::optional<Points> balance = Points::Make(reply[2][i].integer());
    if (!balance) return absl::DataLossError("Redis: a balance out of range");
    loaded.balances.push_back(*balance);
  }
  absl::StatusOr<std::vector<Verdict>> requests = ParseVerdicts(reply[3]);
  if (!requests.ok()) return requests.status();
  loaded.requests = *std::move(requests);
  return loaded;
}

RedisCommand DumpCall(const PartitionKeys& keys, const FenceToken& fence) {
  return Call("fenfen_dump", keys).Arg(fence.journal).Raw(fence.Opening()).Finish();
}

RedisCommand LookCall(const PartitionKeys& keys, uint64_t journal) {
  Call call("fenfen_look", keys);
  call.AllDays();
  return call.Arg(journal).Finish();
}

absl::StatusOr<Place> ParsePlace(RedisValue reply) {
  if (!reply.is_array() || (reply.size() != 0 && reply.size() != 7)) return NotAPlace();
  if (reply.size() == 0) return Place{};
  return Place{true,
               SeqOf(reply[0]),
               SeqOf(reply[1]),
               static_cast<uint64_t>(reply[2].integer()),
               std::string(reply[3].text()),
               std::string(reply[4].text()),
               std::string(reply[5].text()),
               std::string(reply[6].text())};
}

RedisCommand IntendCall(const PartitionKeys& keys, uint64_t journal, const std::string& before, const std::string& repairer) {
  return Call("fenfen_intend", keys).Arg(journal).Raw(before).Raw(repairer).Finish();
}

RedisCommand OutboxCall(const PartitionKeys& keys, uint64_t journal, const std::string& opening, PartitionSeq first, size_t count) {
  return Call("fenfen_outbox", keys).Arg(journal).Raw(opening).Arg(first.value()).Arg(count).Finish();
}

absl::StatusOr<Outbox> ParseOutbox(RedisValue reply) {
  if (reply.size() != 3 || !reply[0].is_integer() || !reply[2].is_array()) return NotAPlace();
  Outbox outbox{SeqOf(reply[0]), SeqOf(reply[1]), {}};
  for (size_t i = 0; i < reply[2].size(); ++i) outbox.transactions.emplace_back(reply[2][i].text());
  return outbox;
}

RedisCommand ClaimCall(const PartitionKeys& keys, uint64_t journal, uint64_t from, uint64_t to) {
  Call call("fenfen_claim", keys);
  call.AllDays();
  return call.Arg(journal).Arg(from).Arg(to).Finish();
}

absl::StatusOr<Place> ParseClaimed(RedisValue reply, uint64_t to) {
  if (!reply.is_array() || reply.size() > 2) return NotAPlace();
  Place place;
  place.there = reply.size() != 0;
  if (reply.size() == 1) place.term = static_cast<uint64_t>(reply[0].integer());
  if (reply.size() == 2) place = {true, SeqOf(reply[0]), SeqOf(reply[1]), to, {}, {}, {}, {}};
  return place;
}

RedisCommand ResetCall(const PartitionKeys& keys, uint64_t journal, uint64_t term) {
  Call call("fenfen_reset", keys);
  call.AllDays();
  return call.Arg(journal).Arg(term).Finish();
}

RedisCommand OpenCall(const PartitionKeys& keys, uint64_t journal, uint64_t term, PartitionSeq last, const std::string& nonce) {
  return Call("fenfen_open", keys).Arg(journal).Arg(term).Arg(last.value()).Raw(nonce).Finish();
}

RedisCommand SettleCall(const PartitionKeys& keys, const FenceToken& fence, PartitionSeq journaled) {
  return Call("fenfen_settle", keys).Arg(fence.journal).Raw(fence.Opening()).Arg(journaled.value()).Finish();
}

}  // namespace fenfen
