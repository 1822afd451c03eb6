#include "row_weights.hpp"

#include <cmath>

namespace gluesweep::training {

using at::Tensor;
using problem::Frame;
using problem::Tensors;

/// Chebyshev points: both ends of an overlap count as much as its middle.
Tensor glue_places(const problem::Regions& regions, int patch) {
  const auto share =
      (at::arange(glue_points, regions.edge.options()) + 0.5).mul(M_PI / glue_points).cos().unsqueeze(0);
  return regions.own_end(patch) + regions.overlap.narrow(1, patch, 1) * share;
}

Tensors local_weights(const Frame::Response& response) {
  Tensors rho;
  for (const auto& weight : response.weight) {
    const auto known = at::where(weight.isfinite(), weight, at::zeros_like(weight));
    const auto largest = known.amax(1, true);
    rho.push_back(at::where(largest > 0.0, largest, at::ones_like(largest)).expand_as(weight));
  }
  return rho;
}

Tensor row_scale(const Frame::Response& response, const Tensors& rho, int component) {
  const int n = static_cast<int>(rho.size());
  Tensor sum = at::zeros_like(response.state.front());
  for (int k = 0; k < n; ++k) {
    const auto entry = response.jacobian[static_cast<std::size_t>(component * n + k)].abs();
    sum = sum + entry / rho[static_cast<std::size_t>(k)];
  }
  return sum.clamp_min(1e-300);
}

}  // namespace gluesweep::training
