#include "gluesweep/cli/version.hpp"

#include <boost/version.hpp>
#include <utility>
#include <vector>

#include "gluesweep/output/versions.hpp"
#include "version_data.hpp"

namespace gluesweep::cli {
namespace {

std::string boost_version() {
  return std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000) + "." +
         std::to_string(BOOST_VERSION % 100);
}

/// "hdf5_version" of the sweep file's attributes as people write it.
std::string proper_name(const std::string& attribute) {
  if (attribute == "libtorch_version") return "LibTorch";
  if (attribute == "mpi_version") return "MPI";
  if (attribute == "hdf5_version") return "HDF5";
  if (attribute == "sundials_version") return "SUNDIALS";
  return attribute;
}

}  // namespace

std::string program_version() { return GLUESWEEP_VERSION; }

std::string git_commit() { return GLUESWEEP_GIT_COMMIT; }

std::string version_text() {
  std::vector<std::pair<std::string, std::string>> versions{{"gluesweep", program_version()},
                                                            {"commit", git_commit()}};
  for (const auto& [name, version] : output::library_versions())
    versions.emplace_back(proper_name(name), version);
  versions.emplace_back("yaml-cpp", GLUESWEEP_YAML_VERSION);
  versions.emplace_back("Boost", boost_version());
  std::string text;
  for (const auto& [name, version] : versions)
    text += name + std::string(12 - name.size(), ' ') + version + "\n";
  return text;
}

}  // namespace gluesweep::cli
