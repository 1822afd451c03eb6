#pragma once

#include <ATen/ATen.h>

#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "gluesweep/job/reader.hpp"
#include "gluesweep/problem/system.hpp"

namespace gluesweep::test {

/// A job of jobs/, by its name without ".yaml", as a user runs it: the trunk wants training on pilot points.
inline job::Job default_job(const std::string& name, const std::vector<std::string>& overrides = {}) {
  return job::read_job(std::string(GLUESWEEP_SOURCE_DIR) + "/jobs/" + name + ".yaml", overrides);
}

/// The same with a drawn trunk, which needs no pilot points and is the same for all.
inline job::Job shipped_job(const std::string& name, std::vector<std::string> overrides = {}) {
  overrides.insert(overrides.begin(), "network.trunk.train=none");
  return default_job(name, overrides);
}

/// A job around a problem given as YAML text; `settings` are further top-level keys of the job.
inline job::Job job_of(const std::string& problem, const std::string& settings = "") {
  std::istringstream lines(problem);
  std::string text = "problem:\n", line;
  while (std::getline(lines, line)) text += "  " + line + "\n";
  return job::parse_resolved(text + "sweep: {sampler: grid}\n" + settings);
}

/// `text` with its one `from` replaced.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos || text.find(from, at + 1) != std::string::npos) {
    throw std::invalid_argument("the text has not exactly one '" + from + "'");
  }
  return text.replace(at, from.size(), to);
}

/// (B, 1) from numbers.
inline at::Tensor column(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble).unsqueeze(1);
}

/// (1, m) from numbers.
inline at::Tensor row(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble).unsqueeze(0);
}

/// The columns of (B, p) parameters as p tensors (B, 1).
inline problem::Tensors columns_of(const at::Tensor& parameters) { return parameters.split(1, 1); }

inline double largest(const at::Tensor& values) { return values.abs().max().item<double>(); }

/// Largest |a - b|; NaN anywhere gives NaN.
inline double distance(const at::Tensor& a, const at::Tensor& b) { return largest(a - b); }

/// Largest |a - b| / |b|.
inline double relative_distance(const at::Tensor& a, const at::Tensor& b) { return largest((a - b) / b); }

}  // namespace gluesweep::test
