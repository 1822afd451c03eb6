#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "gluesweep/sweep/driver.hpp"
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

/// How error estimates compare with true errors, over the points that have both.
struct Calibration {
  std::int64_t points = 0;
  double covered = 0.0;  ///< share of true errors that are not above their estimate; NaN without points
  double low = 0.0, median = 0.0, high = 0.0;  ///< 5%, 50%, 95% quantiles of estimate over error, to 1%
};

/// Adds up in memory that does not depend on the number of points.
class CalibrationBuilder {
 public:
  void add(double estimate, double error);  ///< does nothing where either is NaN
  Calibration result() const;

 private:
  std::int64_t points_ = 0, covered_ = 0;
  LogHistogram ratios_;
};

/// "100% of the true errors below their estimate; estimate over error: median 4.1, 5% to 95%: 2 to 30".
std::string calibration_text(const Calibration& calibration);

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
  std::int64_t unverified = 0;  ///< points that were to be verified and have no true error
  Calibration calibration;      ///< of the verified ones
  std::int64_t matched = 0;     ///< converged points with matching's error
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
  /// A finished point of the verified subset for which there is no true error.
  void add_unverified() { ++summary_.unverified; }
  FileSummary result(double file_bytes) const;

 private:
  FileSummary summary_;
  LogHistogram estimates_, truths_, matchings_, factors_;
  CalibrationBuilder calibration_;
};

/// Several lines for people.
std::string summary_text(const FileSummary& summary, const std::string& path);

/// How the time of a run was spent, in total and rank by rank (of many ranks only the extremes).
/// `wall`: seconds of the sweep itself.
std::string times_text(double wall, const std::vector<sweep::Summary>& ranks);

}  // namespace gluesweep::cli
