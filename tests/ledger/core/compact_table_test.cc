// CompactTable against a map.
#include "ledger/core/compact_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "ledger/core/ids.h"

namespace fenfen {
namespace {

struct Entry {
  uint64_t key = 0;
  uint32_t value = 0;
  bool empty() const { return value == 0; }
};
uint64_t HashOf(const Entry& entry) { return MixBits(entry.key); }

template <typename Table>
const Entry* Find(const Table& table, uint64_t key) {
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

TEST(CompactTable, InOrderItHoldsTheSameAndTellsWhatItDoesNotHold) {
  std::mt19937_64 random(4);
  CompactTable<Entry, Order::kByDistance> table;
  std::map<uint64_t, uint32_t> expected;
  const auto find = [&table](uint64_t key) {
    return table.FindOrTell(
        MixBits(key), [key](const Entry& entry) { return entry.key == key; }, HashOf);
  };
  EXPECT_EQ(find(1), nullptr);
  for (uint32_t i = 1; i <= 20'000; ++i) {
    const uint64_t key = random() % 30'000;
    ASSERT_EQ(find(key) != nullptr, expected.count(key) == 1);
    if (expected.try_emplace(key, i).second) table.Add({key, i}, HashOf);
  }
  EXPECT_EQ(table.size(), expected.size());
  for (uint64_t key = 0; key < 40'000; ++key) {
    const auto known = expected.find(key);
    ASSERT_EQ(find(key) != nullptr, known != expected.end());
    ASSERT_EQ(find(key), Find(table, key));
    if (known != expected.end()) {
      ASSERT_EQ(find(key)->value, known->second);
    }
  }
}

TEST(CompactTable, FindOrAddIsFindThenAdd) {
  std::mt19937_64 random(5);
  CompactTable<Entry, Order::kByDistance> one, two;
  // Few hashes, so that many entries share one, and a third stand around the end.
  const auto hash_of = [](const Entry& entry) { return entry.key % 3 == 0 ? ~uint64_t{0} : MixBits(entry.key % 500); };
  for (uint32_t i = 1; i <= 5'000; ++i) {
    const Entry entry{random() % 4'000, i};
    const auto is_it = [&entry](const Entry& other) { return other.key == entry.key; };
    Entry* const found = one.FindOrTell(hash_of(entry), is_it, hash_of);
    if (found == nullptr) one.Add(entry, hash_of);
    const Entry* const present = two.FindOrAdd(entry, is_it, hash_of);
    ASSERT_EQ(present != nullptr, found != nullptr);
    if (present != nullptr) {
      ASSERT_EQ(present->value, found->value);
    }
  }
  ASSERT_EQ(two.size(), one.size());
  std::vector<uint32_t> in_one, in_two;
  one.Visit([&](const Entry& entry) { in_one.push_back(entry.value); });
  two.Visit([&](const Entry& entry) { in_two.push_back(entry.value); });
  EXPECT_EQ(in_one, in_two) << "in the same places";
}

TEST(CompactTable, InOrderEntriesOfOneHashAreFoundAroundTheEnd) {
  CompactTable<Entry, Order::kByDistance> table;
  // All at the last slot, so that most stand at the table's begin, where others have their place.
  const auto hash_of = [](const Entry& entry) { return entry.key < 50 ? ~uint64_t{0} : uint64_t{entry.key}; };
  for (uint32_t i = 1; i <= 100; ++i) table.Add({i, i}, hash_of);
  for (uint32_t i = 1; i <= 200; ++i) {
    const Entry sought{i, i};
    const Entry* found = table.FindOrTell(
        hash_of(sought), [i](const Entry& entry) { return entry.key == i; }, hash_of);
    ASSERT_EQ(found != nullptr, i <= 100) << i;
  }
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
