#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gluesweep/cli/options.hpp"
#include "gluesweep/cli/summary.hpp"

/// The numbers of `gluesweep compare` and the tables that show them.
namespace gluesweep::cli {

inline constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

/// What one method did on the points of a comparison: one entry a point in each list.
struct MethodPoints {
  std::string name;
  std::vector<double> error;       ///< against the reference; NaN: no reference, infinite: no finite solution
  std::vector<double> estimate;    ///< NaN: none
  std::vector<double> seconds;     ///< of training
  std::vector<double> parameters;  ///< numbers that the point's network consists of
  std::vector<std::uint8_t> status;
};

/// A method's row of the table. NaN where there is nothing to say.
struct MethodSummary {
  std::string name;
  std::int64_t compared = 0;  ///< points with a reference
  double error_median = undefined, error_99 = undefined, error_max = undefined;
  double converged = undefined;    ///< share of all points; NaN for a method that makes no such claim
  double accurate = undefined;     ///< share of the compared points whose error is within the tolerance
  double seconds = undefined;      ///< a point, mean
  double parameters = undefined;   ///< a point, mean
  double error_ratio = undefined;  ///< median over the points of the error over the baseline's
  Calibration calibration;
};

/// The smallest of the numbers that at least `share` (0 to 1) of them do not exceed. Undefined ones do not
/// count; NaN without any.
double quantile(std::vector<double> values, double share);

/// `baseline`: the method whose errors the others' are divided by; null for none.
MethodSummary summarize_method(const MethodPoints& points, const MethodPoints* baseline, double tolerance);

/// Where the values that the errors are measured against come from, in numbers of points.
struct ReferenceCounts {
  std::int64_t closed_form = 0, integrator = 0, finer_network = 0, none = 0;
};

struct ComparisonSummary {
  std::string problem;
  std::int64_t points = 0;
  std::int64_t output_points = 0;
  double tolerance = 0.0;
  ReferenceCounts references;
  std::string time_kind;  ///< "processor" or "wall"
  std::string baseline;   ///< name of the method that errors are compared with; empty: none
  std::vector<MethodSummary> methods;
};

/// The table of errors, what they were measured against, and the calibration of the estimates.
std::string comparison_text(const ComparisonSummary& summary, TableFormat format);

}  // namespace gluesweep::cli
