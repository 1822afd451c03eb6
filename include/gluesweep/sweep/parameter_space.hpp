#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gluesweep/job/job.hpp"
#include "gluesweep/sweep/sequences.hpp"

namespace gluesweep::sweep {

/// The points of a sweep, by sample id 0 ... size()-1. Any block is computed from the ids alone, in memory
/// that does not depend on the number of samples (only `list` and `values` hold what the job gave).
///
/// grid: all combinations, the first parameter slowest; ranges include their ends.
/// sobol (Owen-scrambled), latin_hypercube, random: strictly inside the ranges, keyed on (seed, sample id).
/// Equidistant or uniform means in the parameter itself, or in its logarithm for a log scale.
class ParameterSpace {
 public:
  /// Throws job::InputError for a parameter that has neither a default nor a place in the sweep.
  explicit ParameterSpace(const job::Job& job);

  std::int64_t size() const { return size_; }

  /// Parameters of samples first ... first+count-1: (count, p) float64, one column per *problem* parameter in
  /// the problem's order; those the sweep does not vary stand at their fixed or default value.
  at::Tensor block(std::int64_t first, std::int64_t count) const;

  /// The same for `count` samples (or all, if there are fewer) all over the sweep, chosen by their ids: the
  /// first of a sequence, those at equal steps, around its end and on, of a grid or list.
  at::Tensor spread(std::int64_t count) const;

  /// The parameters that vary, in the sweep's order, and their columns in block().
  const std::vector<std::string>& swept_names() const { return names_; }
  const std::vector<std::int64_t>& swept_columns() const { return columns_; }

  /// Their values out of block()'s result: (count, s).
  at::Tensor swept(const at::Tensor& parameters) const;

 private:
  double value(std::size_t dimension, std::int64_t sample) const;
  double unit_coordinate(std::size_t dimension, std::int64_t sample) const;

  job::Sampler sampler_;
  std::uint64_t seed_;
  std::int64_t size_ = 0;
  std::vector<double> base_;               // every problem parameter's fixed or default value
  std::vector<job::SweptParameter> axes_;  // those that vary
  std::vector<std::string> names_;         // of axes_
  std::vector<std::int64_t> columns_;      // of axes_, in base_
  std::vector<std::int64_t> strides_;      // grid: samples per step of each axis
  std::vector<Permutation> permutations_;  // latin_hypercube: one per axis
  std::optional<SobolSequence> sobol_;
};

}  // namespace gluesweep::sweep
