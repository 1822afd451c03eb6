#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gluesweep/output/sweep_file.hpp"

/// The file of a comparison of methods: a few arrays that one rank writes at once when all is computed.
namespace gluesweep::output {

inline constexpr int comparison_format_version = 1;

/// The dimension of methods. Not `method`: xarray's sel() has an argument of that name.
inline constexpr const char* method_dimension = "training_method";

/// One variable of the file.
struct ComparisonArray {
  std::string name;
  std::vector<std::string> dimensions;  ///< slowest first; one that is the array's own name: a coordinate
  at::Tensor values;                    ///< float64, int64 or uint8 on the CPU
  std::string unit;
  std::string long_name;
  std::vector<std::pair<std::uint8_t, std::string>> flags = {};  ///< what the values of a uint8 array mean
};

struct ComparisonContents {
  std::vector<std::string> methods;  ///< labels along method_dimension
  std::vector<ComparisonArray> arrays;
  const job::Job& job;
  Provenance provenance;
  std::vector<std::string> swept;  ///< names of the swept parameters
  std::string table;               ///< the printed text, kept as an attribute
  int mpi_size = 1;
};

/// Throws job::InputError if two variables would have the same name.
void check_comparison_names(const std::vector<std::string>& names);

/// Creates the file at `path` under a temporary name and gives it its own when it is complete; never replaces
/// one (see check_target). Serial. Throws job::InputError or FileError.
void write_comparison(const std::string& path, const ComparisonContents& contents);

}  // namespace gluesweep::output
