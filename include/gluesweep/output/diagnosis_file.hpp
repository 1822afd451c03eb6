#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gluesweep::output {

inline constexpr int diagnosis_format_version = 1;

/// A variable of a diagnosis. One that is its own only dimension is that dimension's coordinate.
struct DiagnosisArray {
  std::string name;
  std::vector<std::string> dimensions;
  std::string long_name;
  at::Tensor values;  ///< float64
};

struct Diagnosis {
  using Value = std::variant<std::string, double, std::int64_t>;
  std::vector<std::pair<std::string, Value>> attributes;
  std::vector<DiagnosisArray> arrays;

  void add(const std::string& name, const std::vector<std::string>& dimensions, const std::string& long_name,
           const at::Tensor& values);
};

/// Creates the file, which netCDF-4 readers open as it is; never replaces one.
void write_diagnosis(const std::string& path, const Diagnosis& diagnosis);

}  // namespace gluesweep::output
