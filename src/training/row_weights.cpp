#include "row_weights.hpp"

#include <cmath>

namespace gluesweep::training {

using at::Tensor;
using problem::Frame;
using problem::System;

namespace {
constexpr double smallest_scale = 1.0e-3;  // of an unknown against matching
constexpr int matched_places = 257;
}  // namespace

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

Tensor largest_finite(const Tensor& values) {
  return at::where(values.isfinite(), values, at::zeros_like(values)).abs().amax(1, true);
}

Tensors matched_over_domain(const System& system, const Points& points) {
  const auto x = at::linspace(system.to_x(system.start()), system.to_x(system.end()), matched_places,
                              points.theta.front().options());
  const auto t = system.to_t(x).clamp(system.start(), system.end()).expand({points.count(), -1});
  return problem::matched_state(system, points.theta, points.regions, points.matching, t);
}

StateScales::StateScales(const System& system, const Points& points) : system_(system), points_(points) {
  Tensors sizes;
  for (const auto& component : matched_over_domain(system, points)) {
    const auto size = largest_finite(component);
    sizes.push_back(at::where(size > 0.0, size, at::ones_like(size)));
  }
  for (int i = 0, u = 0; i < system.size(); ++i) {
    if (u + 1 < system.unknowns() && i == system.component(u + 1)) ++u;
    unknown_.push_back(u);
    proportion_.push_back(sizes[static_cast<std::size_t>(i)] /
                          sizes[static_cast<std::size_t>(system.component(u))]);
  }
}

Tensor StateScales::at(const Tensor& t, const Tensors& state) const {
  const auto magnitudes = system_.magnitudes(t, points_.theta, state);
  const auto matched = problem::matched_state(system_, points_.theta, points_.regions, points_.matching, t);
  const auto floors = system_.magnitudes(t, points_.theta, matched);
  Tensors scales;
  for (std::size_t i = 0; i < state.size(); ++i) {
    const auto u = static_cast<std::size_t>(unknown_[i]);
    const auto floor = at::where(floors[u].isfinite(), smallest_scale * floors[u], at::zeros_like(floors[u]));
    scales.push_back(at::maximum(magnitudes[u], floor.clamp_min(1e-300)) * proportion_[i]);
  }
  return at::stack(scales, 1);
}

}  // namespace gluesweep::training
