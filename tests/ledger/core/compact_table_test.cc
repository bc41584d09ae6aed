// CompactTable against a map.
#include "ledger/core/compact_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "ledger/core/ids.h"

namespace fenfen {
namespace {

struct Entry {
  uint64_t key = 0;
  uint32_t value = 0;
  bool empty() const { return value == 0; }
};
uint64_t HashOf(const Entry& entry) { return MixBits(entry.key); }

const Entry* Find(const CompactTable<Entry>& table, uint64_t key) {
  return table.Find(MixBits(key), [key](const Entry& entry) { return entry.key == key; });
}

TEST(CompactTable, HoldsWhatWasAdded) {
  std::mt19937_64 random(3);
  CompactTable<Entry> table;
  std::map<uint64_t, uint32_t> expected;
  EXPECT_EQ(Find(table, 1), nullptr);
  for (uint32_t i = 1; i <= 20'000; ++i) {
    const uint64_t key = random() % 30'000;
    Entry* const present = table.Find(MixBits(key), [key](const Entry& entry) { return entry.key == key; });
    ASSERT_EQ(present != nullptr, expected.count(key) == 1);
    if (present != nullptr) {
      present->value = i;
    } else {
      table.Add({key, i}, HashOf);
    }
    expected[key] = i;
  }
  EXPECT_EQ(table.size(), expected.size());
  for (const auto& [key, value] : expected) ASSERT_EQ(Find(table, key)->value, value);
  EXPECT_EQ(Find(table, 40'000), nullptr);
  size_t visited = 0;
  table.Visit([&](const Entry& entry) {
    EXPECT_EQ(expected.at(entry.key), entry.value);
    ++visited;
  });
  EXPECT_EQ(visited, expected.size());
}

TEST(CompactTable, EntriesOfOneHashStandBesideEachOther) {
  CompactTable<Entry> table;
  const auto one = [](const Entry&) { return ~uint64_t{0}; };
  for (uint32_t i = 1; i <= 50; ++i) table.Add({i, i}, one);
  for (uint32_t i = 1; i <= 50; ++i) {
    EXPECT_EQ(table.Find(~uint64_t{0}, [i](const Entry& entry) { return entry.key == i; })->value, i);
  }
}

}  // namespace
}  // namespace fenfen
