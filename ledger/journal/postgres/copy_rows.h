// CopyRows: a group's rows in the form that COPY … FROM STDIN (FORMAT binary) reads (PostgreSQL's manual, COPY, "Binary Format"): what a
// transaction is, laid out for SQL. The columns are those of migrations/0001_journal.sql.
//
//   CopyRows rows;
//   rows.Add(entry, transaction, month);
//   for (const CopyRows::Table& table : rows.Finish()) session.CopyIn(table.copy, table.data);
//
// One thread at a time.
#pragma once

#include <array>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "ledger/core/transaction.h"
#include "ledger/journal/journal.h"

namespace fenfen {

// PostgreSQL counts from 2000-01-01 00:00 UTC (its source, src/include/datatype/timestamp.h), in microseconds.
inline constexpr int64_t kMicrosTo2000 = 946'684'800'000'000;

class CopyRows {
 public:
  struct Table {
    const char* copy;        // the statement
    absl::string_view data;  // for it to read; good while the rows are
  };

  CopyRows();

  // `transaction` is what `entry.bytes` says.
  void Add(const JournalEntry& entry, const Transaction& transaction, absl::CivilMonth month);

  // The tables in the order that they are to be written in. Nothing may be added any more.
  std::array<Table, 4> Finish();

 private:
  void AddIndex(const JournalEntry& entry, const Transaction& transaction, int32_t month);
  void AddEntry(const JournalEntry& entry, const Transaction& transaction, int32_t month);
  void AddPostings(const JournalEntry& entry, const Transaction& transaction, int32_t month);
  void AddChanges(const JournalEntry& entry, const Transaction& transaction, int32_t month);

  std::string index_;
  std::string entries_;
  std::string postings_;
  std::string changes_;
};

}  // namespace fenfen
