// FENFEN_CHECK(condition): ends the program where the ledger's own reasoning is broken. For our bugs only, never for input: going on
// with a state that we no longer understand could mint or lose points.
#pragma once

#include <cstdio>
#include <cstdlib>

#define FENFEN_CHECK(condition)                                                              \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: broken invariant: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
