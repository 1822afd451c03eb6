#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gluesweep/cli/summary.hpp"

namespace gluesweep::cli {

/// Reads a sweep file through, piece by piece.
FileSummary summarize(const std::string& path);

struct WorstPoint {
  std::int64_t sample = 0;
  training::Status status = training::Status::pending;
  double error_estimate = 0.0;     ///< NaN if not computed
  std::vector<double> parameters;  ///< the swept ones
};

/// The `count` worst finished points, worst first: failed without an estimate, then by estimate; the smaller
/// sample id first among equals.
std::vector<WorstPoint> worst_points(const std::string& path, std::int64_t count);

}  // namespace gluesweep::cli
