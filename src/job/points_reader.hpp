#pragma once

#include <string>
#include <vector>

#include "field.hpp"

namespace gluesweep::job {

/// The columns of a CSV of sweep points.
struct PointTable {
  std::vector<std::string> columns;
  std::vector<std::vector<double>> values;  ///< one vector per column, all equally long
};

/// Reads `path`, named by the field `file`: a header of parameter names, then one line of finite numbers a
/// point.
PointTable read_points(const Field& file, const std::string& path,
                       const std::vector<std::string>& parameters);

}  // namespace gluesweep::job
