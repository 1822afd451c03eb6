#pragma once

#include <string>
#include <vector>

#include "field.hpp"
#include "gluesweep/job/job.hpp"

namespace gluesweep::job {

/// Where the points of sampler `list` come from.
struct PointSource {
  std::string directory;                                    ///< of the job file, for its CSV
  const std::vector<std::vector<double>>* given = nullptr;  ///< or the values themselves, instead of the CSV
};

Sweep read_sweep(const Field& field, const Problem& problem, const PointSource& source);

/// `file` seen from `directory`.
std::string joined_path(const std::string& directory, const std::string& file);

}  // namespace gluesweep::job
