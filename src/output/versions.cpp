#include "gluesweep/output/versions.hpp"

#include <hdf5.h>
#include <mpi.h>
#include <torch/version.h>

#include <array>
#include <ctime>

#include "gluesweep/problem/processor.hpp"

#ifdef GLUESWEEP_WITH_REFERENCE
#include "gluesweep/reference/version.hpp"
#endif

namespace gluesweep::output {

std::vector<std::pair<std::string, std::string>> library_versions() {
  // Allowed before MPI_Init; some libraries answer with a paragraph.
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  std::string mpi(text.data());
  mpi = mpi.substr(0, mpi.find_first_of(",\n"));

  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  const std::string hdf5 =
      std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);

#if defined(__clang__)
  const std::string compiler = "Clang " __clang_version__;
#else
  const std::string compiler = "GCC " __VERSION__;
#endif
  std::vector<std::pair<std::string, std::string>> versions{
      {"libtorch_version", TORCH_VERSION}, {"mpi_version", mpi}, {"hdf5_version", hdf5}};
#ifdef GLUESWEEP_WITH_REFERENCE
  versions.emplace_back("sundials_version", reference::sundials_version());
#endif
  versions.emplace_back("compiler", compiler);
  // Bitwise repetition asks for the same ones.
  const bool avx2 = problem::processor() == problem::Processor::avx2;
  versions.emplace_back("kernels", avx2 ? "avx2" : "baseline");
  return versions;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm fields{};
  gmtime_r(&now, &fields);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &fields);
  return text.data();
}

}  // namespace gluesweep::output
