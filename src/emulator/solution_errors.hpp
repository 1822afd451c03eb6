#pragma once

#include <ATen/ATen.h>

#include "gluesweep/emulator/dataset.hpp"
#include "gluesweep/emulator/pod.hpp"
#include "gluesweep/problem/system.hpp"

namespace gluesweep::emulator {

/// Errors of emulated solutions against those of the sweep file, at its output points.
class SolutionErrors {
 public:
  explicit SolutionErrors(const Dataset& data);  ///< borrowed

  /// For points (B) int64 with layout rows (B, P m + K T) and heads (B, F K): (B), the largest over unknowns
  /// and output points, over the unknowns' magnitudes; infinite where a number is undefined.
  at::Tensor operator()(const at::Tensor& points, const at::Tensor& layout, const at::Tensor& heads) const;

 private:
  at::Tensor some(const at::Tensor& points, const at::Tensor& layout, const at::Tensor& heads) const;

  const Dataset& data_;
  problem::System system_;
  LayoutShape shape_;
  at::Tensor logarithm_;
  network::Tabulated trunk_;
};

}  // namespace gluesweep::emulator
