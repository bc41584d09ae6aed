// What a check run has looked at: every expectation by name, and those that did not hold. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_CHECK_CHECKS_H_
#define FENFEN_CLIENTS_CTL_CHECK_CHECKS_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fenfen::ctl {

// The tally.
class Checks {
 public:
  // Notes an expectation; `detail` says what was seen instead.
  bool Expect(bool holds, absl::string_view what, absl::string_view detail = "") {
    ++count_;
    if (!holds) failures_.push_back(absl::StrCat(what, detail.empty() ? "" : ": ", detail));
    return holds;
  }
  template <typename T, typename U>
  bool ExpectEqual(const T& seen, const U& expected, absl::string_view what) {
    return Expect(seen == expected, what, absl::StrCat("saw ", seen, ", expected ", expected));
  }

  int count() const { return count_; }
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  int count_ = 0;
  std::vector<std::string> failures_;
};

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_CHECK_CHECKS_H_
