#include "ledger/points/game/board_close.h"

#include <openssl/sha.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/points/stored_message.h"

namespace fenfen {
namespace {

std::string ResultName(absl::string_view board, absl::string_view period) { return absl::StrCat(board, "/results/", period); }

std::string DigestOf(const std::vector<ledger::v1::BoardPlace>& places) {
  std::string all;
  for (const ledger::v1::BoardPlace& place : places) {
    const std::string bytes = SerialiseMessage(place);
    const auto size = static_cast<uint32_t>(bytes.size());
    for (const int shift : {0, 8, 16, 24}) all.push_back(static_cast<char>(size >> shift));
    all += bytes;
  }
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(all.data()), all.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

}  // namespace

RecordKey BoardClosingKey(absl::string_view board, absl::string_view period) {
  return {RecordKind::kBoardResult, CatalogueIdOf(ResultName(board, period)).value()};
}

RecordKey BoardResultKey(absl::string_view board, absl::string_view period, absl::string_view region) {
  return {RecordKind::kBoardResult,
          CatalogueIdOf(absl::StrCat(ResultName(board, period), "/", absl::StripPrefix(region, "regions/"))).value()};
}

ledger::v1::BoardResult MakeBoardResult(absl::string_view board, absl::string_view period, absl::string_view region,
                                        std::vector<ledger::v1::BoardPlace> places, int shown) {
  ledger::v1::BoardResult result;
  result.set_board(std::string(board));
  result.set_region(std::string(region));
  result.set_period(std::string(period));
  for (size_t i = 0; i < places.size(); ++i) {
    places[i].set_rank(static_cast<uint32_t>(i + 1));
    if (static_cast<int>(i) < shown) *result.add_places() = places[i];
  }
  result.set_entrants(static_cast<uint32_t>(places.size()));
  result.set_digest(DigestOf(places));
  return result;
}

RequestKey BoardCloseKey(const BoardCloseFacts& facts, size_t part, absl::Time now, absl::TimeZone zone) {
  return DerivedKey(absl::FromCivil(absl::ToCivilDay(now, zone), zone),
                    absl::StrCat("board-close/", ResultName(facts.board, facts.period), "/", part));
}

ReadSet BoardCloseReads(const BoardCloseFacts& facts) {
  ReadSet reads{{BoardClosingKey(facts.board, facts.period)}, {}};
  for (const ledger::v1::BoardResult& result : facts.results) {
    reads.records.push_back(BoardResultKey(facts.board, facts.period, result.region()));
  }
  return reads;
}

absl::StatusOr<Transaction> DecideBoardClose(const View& view, const BoardCloseFacts& facts, const DecisionContext& context) {
  FENFEN_CHECK(facts.results.size() <= kResultsATransaction);
  const RecordKey closing_key = BoardClosingKey(facts.board, facts.period);
  if (view.Record(closing_key)) return Refuse(Reason::REASON_BOARD_CLOSED, {{"period", facts.period}});
  ledger::v1::BoardClosing closing;
  closing.set_board(facts.board);
  closing.set_period(facts.period);
  closing.set_close_time_us(absl::ToUnixMicros(context.now));
  closing.set_results(facts.results_in_all);
  Transaction transaction = BeginTransaction(TransactionKind::kBoardClose, context, context.now);
  for (const ledger::v1::BoardResult& result : facts.results) {
    const RecordKey key = BoardResultKey(facts.board, facts.period, result.region());
    if (!view.Record(key)) transaction.changes.push_back({key, PartitionSeq(0), SerialiseMessage(result)});
  }
  if (facts.is_last) transaction.changes.push_back({closing_key, PartitionSeq(0), SerialiseMessage(closing)});
  FactsWhy why;
  *why.facts.mutable_game()->mutable_board_close() = closing;
  transaction.why = EncodeWhy(why);
  return transaction;
}

}  // namespace fenfen
