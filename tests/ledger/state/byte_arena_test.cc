// Bytes by handle: what was put is what is got, whatever its length was before.
#include "ledger/state/byte_arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "ledger/core/limits.h"

namespace fenfen {
namespace {

TEST(ByteArena, KeepsEveryLengthThatARecordMayHave) {
  ByteArena arena;
  std::vector<std::pair<ByteArena::Handle, std::string>> all;
  for (const size_t size : {0u, 1u, 6u, 7u, 8u, 126u, 127u, 128u, 129u, 1000u, 16383u, 16384u, 32767u, 40000u, 65535u, 65536u}) {
    all.emplace_back(0, std::string(size, static_cast<char>('a' + all.size())));
    arena.Set(all.back().first, all.back().second);
  }
  for (const auto& [handle, bytes] : all) EXPECT_EQ(arena.Get(handle), bytes);
  EXPECT_EQ(arena.Get(0), "");
}

TEST(ByteArena, TheFirstMayBeTheLongest) {
  ByteArena arena;
  ByteArena::Handle handle = 0;
  arena.Set(handle, std::string(limits::kRecordBytesMax, 'x'));
  EXPECT_NE(handle, 0u);
  EXPECT_EQ(arena.Get(handle).size(), limits::kRecordBytesMax);
}

TEST(ByteArena, BytesGrowAtTheirEndAndBeyondTheirBlock) {
  ByteArena arena;
  ByteArena::Handle handle = 0;
  ByteArena::Handle neighbour = 0;
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string more(static_cast<size_t>(i % 17), static_cast<char>('a' + i % 26));
    std::copy(more.begin(), more.end(), arena.Extend(handle, more.size()));
    expected += more;
    ASSERT_EQ(arena.Get(handle), expected) << i;
    if (i == 5) arena.Set(neighbour, "there");
  }
  EXPECT_EQ(arena.Get(neighbour), "there");
  arena.Set(handle, "short again");
  EXPECT_EQ(arena.Get(handle), "short again");
}

TEST(ByteArena, WhatHasGrownHasRoomToGrowOn) {
  ByteArena arena;
  ByteArena::Handle handle = 0;
  arena.Set(handle, std::string(100, 'a'));
  arena.Set(handle, std::string(110, 'b'));
  const ByteArena::Handle grown = handle;
  arena.Set(handle, std::string(118, 'c'));
  EXPECT_EQ(handle, grown);
  EXPECT_EQ(arena.Get(handle), std::string(118, 'c'));
}

TEST(ByteArena, NothingTouchesItsNeighboursAndACopyIsTheSame) {
  std::mt19937_64 random(7);
  ByteArena arena;
  std::vector<ByteArena::Handle> handles(300, 0);
  std::vector<std::string> expected(handles.size());
  for (int round = 0; round < 20'000; ++round) {
    const size_t i = random() % handles.size();
    const size_t size = random() % 100 == 0 ? random() % 50'000 : random() % 300;
    expected[i] = std::string(size, static_cast<char>(random() % 256));
    arena.Set(handles[i], expected[i]);
  }
  const ByteArena copy(arena);
  const std::vector<ByteArena::Handle> copied = handles;
  arena.Set(handles[0], "changed after the copy was made");
  for (size_t i = 0; i < handles.size(); ++i) EXPECT_EQ(copy.Get(copied[i]), expected[i]) << i;
  for (size_t i = 1; i < handles.size(); ++i) EXPECT_EQ(arena.Get(handles[i]), expected[i]) << i;
}

}  // namespace
}  // namespace fenfen
