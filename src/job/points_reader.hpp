#pragma once

#include <string>
#include <vector>

#include "field.hpp"
#include "gluesweep/job/point_table.hpp"

namespace gluesweep::job {

/// Reads `path`, named by the field `file`: a header of parameter names, then one line of finite numbers a
/// point.
PointTable read_points(const Field& file, const std::string& path,
                       const std::vector<std::string>& parameters);

}  // namespace gluesweep::job
