// Measuring: our own figure and the machine's bare limit, by turns in one run. A small machine drifts by a third from minute to minute, so
// a figure says little by itself; its ratio to what the bare machine did a moment before says what the program costs.
//
//   absl::StatusOr<Pair> pair = Alternate(options.rounds, [&] { return bare.Run(…); }, [&] { return RunLoad(…); });
//
// Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fenfen::bench {

// What the command line chose.
struct Options {
  absl::Duration measurement = absl::Seconds(3);  // of each side of each line, over all rounds
  int rounds = 5;                                 // at least 1
  bool quick = false;                             // small and short, to see that it runs; the figures mean nothing
  bool full = false;                              // ten million households really, where otherwise a million are taken for a sample
  std::string only;                               // measure only lines whose name contains it; of core, unary and redis
  std::string folder;                             // where temporary folders are made; the disk that is measured
  std::string bin;                                // where fenfend and fenfen-bridge are

  bool Wants(const std::string& line) const { return line.find(only) != std::string::npos; }
  absl::Duration round() const { return measurement / rounds; }
};

// A bare figure and ours, of one round.
struct Pair {
  double bare = 0;
  double ours = 0;
  double ratio() const { return ours / bare; }
};

// Runs both sides by turns, bare first, and returns the round whose ratio is the median. The first error of either.
absl::StatusOr<Pair> Alternate(int rounds, absl::FunctionRef<absl::StatusOr<double>()> bare,
                               absl::FunctionRef<absl::StatusOr<double>()> ours);

// The value that `share` of them do not exceed, 0 to 1; at least one value.
double Quantile(std::vector<double> values, double share);
inline double Median(std::vector<double> values) { return Quantile(std::move(values), 0.5); }

// Seconds by the monotonic clock; only differences mean something.
double MonotonicSeconds();

// A folder of its own, removed with all in it.
class TemporaryFolder {
 public:
  // Under `parent`, which is made if need be.
  static absl::StatusOr<TemporaryFolder> Make(const std::string& parent);
  ~TemporaryFolder();
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace fenfen::bench
