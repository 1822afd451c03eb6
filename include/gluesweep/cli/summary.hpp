#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "gluesweep/training/result.hpp"

namespace gluesweep::cli {

/// Quantiles of positive numbers in fixed memory: counts in bins 1% wide between 1e-30 and 1e30. Numbers
/// outside fall into the outermost bins; undefined ones are not counted; minimum and maximum are kept
/// exactly.
class LogHistogram {
 public:
  LogHistogram();
  void add(double value);
  std::int64_t count() const { return count_; }
  double max() const { return max_; }

  /// Smallest value that at least `share` (0 to 1) of the numbers do not exceed, to 1%; NaN without numbers.
  double quantile(double share) const;

 private:
  std::vector<std::int64_t> bins_;
  std::int64_t count_ = 0;
  double min_, max_;
};

/// What a sweep file contains, in numbers.
struct FileSummary {
  std::array<std::int64_t, training::status_table.size()> by_status{};
  std::int64_t points = 0;
  std::int64_t done = 0;    ///< not pending
  std::int64_t failed = 0;  ///< done, yet neither converged nor matching_only
  double tolerance = 0.0;   ///< training.tolerance of the job

  std::int64_t estimated = 0;                                  ///< points with an error estimate
  double error_median = 0.0, error_99 = 0.0, error_max = 0.0;  ///< of the estimates, relative
  std::int64_t verified = 0;                                   ///< points with a true error
  double true_median = 0.0, true_max = 0.0;                    ///< of those
  double covered = 0.0;      ///< share of true errors below their estimate; NaN without any
  std::int64_t matched = 0;  ///< points with matching's error
  double matching_median = 0.0;
  double matching_factor = 0.0;  ///< median over the points of matching's error over ours

  double file_bytes = 0.0;
};

/// Adds points up one by one, in memory that does not depend on their number.
class SummaryBuilder {
 public:
  explicit SummaryBuilder(double tolerance) { summary_.tolerance = tolerance; }
  /// Errors are NaN where not computed.
  void add(std::uint8_t status, double error_estimate, double reference_error, double matching_error);
  FileSummary result(double file_bytes) const;

 private:
  FileSummary summary_;
  LogHistogram estimates_, truths_, matchings_, factors_;
  std::int64_t covered_ = 0, comparable_ = 0;
};

/// Several lines for people.
std::string summary_text(const FileSummary& summary, const std::string& path);

/// How the time of a run was spent; seconds of all ranks together except `wall`.
struct RunTimes {
  double wall = 0.0;  ///< of the sweep itself, in seconds
  double busy = 0.0, writing = 0.0, idle = 0.0;
  int ranks = 1;
  std::int64_t points = 0;  ///< computed in this run
};
std::string times_text(const RunTimes& times);

}  // namespace gluesweep::cli
