#include "defects.hpp"

namespace gluesweep::training {

using at::Tensor;
using problem::System;

namespace {
constexpr double smallest_weight = 1.0e-3;  // of an element against the patch's most sensitive one
}  // namespace

Tensor carried_weight(const problem::System& system, const network::Elements& elements,
                      const Tensor& weight) {
  auto rho = elements.inner(weight).amax(3);
  rho = at::where(rho.isfinite(), rho, at::zeros_like(rho));
  return system.starts_with_all() ? std::get<0>(rho.flip(2).cummax(2)).flip(2)
                                  : rho.amax(2, true).expand_as(rho);
}

PatchDefects patch_defects(const System& system, const Tensors& theta, const network::Elements& elements,
                           int patch, const PatchGrid& grid, const Nodal& values) {
  const int n = system.size();
  const auto& frame = system.frame(patch);
  PatchDefects result;
  auto& rho = result.sensitivity;
  rho = carried_weight(system, elements, at::stack(frame.response(grid.t, theta, values).weight, 1));
  rho = at::maximum(rho, smallest_weight * rho.amax(2, true)).clamp_min(1e-300);

  const auto drift = frame.drift(grid.t, theta, values);
  const auto jacobian =
      at::stack(drift.jacobian, 1).unflatten(1, {n, n}) * grid.speed.unsqueeze(1).unsqueeze(1);
  result.jacobian = elements.inner(jacobian);
  const auto scaled = (result.jacobian.abs().amax(4) * rho.unsqueeze(2) / rho.unsqueeze(1)).sum(2);
  result.weight = rho / (1.0 + elements.width * scaled);
  for (std::size_t k = 0; k < values.size(); ++k) {
    const auto defect = elements.defect(values[k], drift.rate[k] * grid.speed);
    result.defects.push_back(defect * result.weight.select(1, static_cast<std::int64_t>(k)).unsqueeze(2));
  }
  return result;
}

Tensor glue_factors(const problem::Frame::Response& right) {
  const auto rho = local_weights(right);
  Tensors factors;
  for (std::size_t i = 0; i < rho.size(); ++i) {
    factors.push_back(glue_weight / row_scale(right, rho, static_cast<int>(i)));
  }
  return at::stack(factors, 1);
}

Tensor condition_factor(const problem::Frame::Response& response, int component, const Tensor& mask) {
  return tie_weight * mask / row_scale(response, local_weights(response), component);
}

namespace {

/// Values of a patch's networks at x (B, m) of its region, or at its edge where x is outside.
Tensors at_places(const Grid& grid, const CoefficientNetworks& networks, int patch, const Tensor& x) {
  const auto& map = grid.patches[static_cast<std::size_t>(patch)].map;
  return networks(patch, map.xi(at::minimum(at::maximum(x, map.start), map.end)).clamp(-1.0, 1.0));
}

Tensor largest_gap(const System& system, const Points& points, const Grid& grid,
                   const CoefficientNetworks& networks, int p) {
  const auto x = glue_places(points.regions, p);
  const auto t = system.to_t(x);
  const auto left = system.frame(p).state(t, points.theta, at_places(grid, networks, p, x));
  const auto right = system.frame(p + 1).response(t, points.theta, at_places(grid, networks, p + 1, x));
  const auto gap = (at::stack(left, 1) - at::stack(right.state, 1)) * glue_factors(right);
  return gap.abs().amax({1, 2}) / glue_weight;
}

Tensor condition_error(const System& system, const Points& points, const Grid& grid,
                       const CoefficientNetworks& networks, const problem::BoundaryValue& condition) {
  const auto x = system.to_x(condition.where(points.theta));
  Tensor error = at::zeros_like(x);
  for (int p = 0; p < system.patches(); ++p) {
    const auto owned = points.regions.owned(p, x);
    if (!owned.any().item<bool>()) continue;
    const auto& map = grid.patches[static_cast<std::size_t>(p)].map;
    const auto t = system.to_t(at::minimum(at::maximum(x, map.start), map.end));
    const auto response = system.frame(p).response(t, points.theta, at_places(grid, networks, p, x));
    const auto miss =
        response.state[static_cast<std::size_t>(condition.component)] - condition.target(points.theta);
    const auto factor = condition_factor(response, condition.component, owned.to(at::kDouble));
    error = error + at::where(owned, miss * factor, at::zeros_like(miss));
  }
  return error.abs().squeeze(1) / tie_weight;
}

}  // namespace

Tensor largest_defect(const System& system, const Points& points, const Grid& grid,
                      const CoefficientNetworks& networks) {
  Tensor largest = at::zeros({points.count()}, points.theta.front().options());
  for (int p = 0; p < system.patches(); ++p) {
    const auto values = networks(p, grid.elements->xi);
    const auto patch = patch_defects(system, points.theta, *grid.elements, p,
                                     grid.patches[static_cast<std::size_t>(p)], values);
    for (const auto& defect : patch.defects) largest = at::maximum(largest, defect.abs().amax({1, 2}));
    if (p + 1 < system.patches())
      largest = at::maximum(largest, largest_gap(system, points, grid, networks, p));
  }
  for (const auto& condition : system.conditions()) {
    largest = at::maximum(largest, condition_error(system, points, grid, networks, condition));
  }
  return largest;
}

}  // namespace gluesweep::training
