#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <string>
#include <vector>

#include "gluesweep/network/elements.hpp"
#include "gluesweep/network/trunk.hpp"

namespace gluesweep::network {

/// What a trunk offers to the heads: its neurons, and the constant 1, on the collocation nodes.
struct FeatureSpectrum {
  at::Tensor values;  ///< singular values over the largest, descending
  std::int64_t rank;  ///< features that the trunk makes of them
  double condition;   ///< largest over smallest singular value of those features on the nodes
};
FeatureSpectrum feature_spectrum(const Trunk& trunk, const Elements& elements);

/// A function of xi in [-1, 1] that a coefficient may be like.
struct TestFunction {
  std::string name;
  std::function<at::Tensor(const at::Tensor&)> value;
};

/// Steps tanh((xi - centre) / width) of several widths, decays, waves, a bump and a root.
const std::vector<TestFunction>& test_functions();

/// Places between the nodes on which errors are measured: (9 E + 1).
at::Tensor fine_places(const Elements& elements);

/// Errors of the best fits on the nodes (least squares) to functions with the values at_nodes (N, k): largest
/// difference on fine places, where they are at_places (M, k), over the function's largest size. (k)
at::Tensor fit_errors(const Trunk& trunk, const Elements& elements, const at::Tensor& at_nodes,
                      const at::Tensor& at_places);

}  // namespace gluesweep::network
