#pragma once

#include <string>
#include <vector>

namespace gluesweep::job {

/// The columns of a CSV of points.
struct PointTable {
  std::vector<std::string> columns;
  std::vector<std::vector<double>> values;  ///< one vector per column, all equally long
};

/// Reads a header of parameter names, then one line of finite numbers a point. `option` is how the user named
/// the file, for messages. Throws InputError.
PointTable read_point_table(const std::string& path, const std::string& option,
                            const std::vector<std::string>& parameters);

}  // namespace gluesweep::job
