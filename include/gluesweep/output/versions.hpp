#pragma once

#include <string>
#include <utility>
#include <vector>

namespace gluesweep::output {

/// The libraries and the compiler in use, as (name, version) with the names of the root attributes
/// ("libtorch_version", "mpi_version", "hdf5_version", "compiler"; "sundials_version" where it is built in).
std::vector<std::pair<std::string, std::string>> library_versions();

/// The present time as ISO 8601 in UTC: 2024-01-31T09:30:00Z.
std::string utc_now();

}  // namespace gluesweep::output
