#include "gluesweep/training/march.hpp"

#include <cmath>

#include "element_matrix.hpp"
#include "gluesweep/problem/kernels.hpp"
#include "lane_march.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

Tensors scaled_by(const Tensors& values, const Tensor& factor) {
  Tensors scaled;
  for (const auto& value : values) scaled.push_back(value * factor);
  return scaled;
}

/// Natural unit of each constant on a patch: what changes the matched solution by its own size where it
/// matters most, (B, 1).
Tensors natural_units(const problem::Frame& frame, const Tensors& theta, const PatchGrid& grid,
                      const Tensors& constants) {
  Tensors units;
  for (const auto& weight : frame.response(grid.t, theta, constants).weight) {
    const auto largest = at::where(weight.isfinite(), weight, at::zeros_like(weight)).amax(1, true);
    units.push_back(at::where(largest > 0.0, largest.reciprocal(), at::ones_like(largest)));
  }
  return units;
}

/// The march through one patch on any device: the same as march_on_lanes.
PatchMarch march_on_arrays(const problem::Frame& frame, const Tensors& theta,
                           const network::Elements& elements, const PatchGrid& patch, Tensor left,
                           const Tensor& units) {
  const int n = frame.size(), s = elements.nodes;
  const auto weights = (elements.integration * elements.width).t();
  PatchMarch result;
  result.values = at::empty({left.size(0), n, elements.size()}, left.options());
  result.values.select(2, 0).copy_(left);
  result.solved = at::ones({left.size(0)}, left.options().dtype(at::kBool));
  result.steps = at::zeros({left.size(0)}, left.options().dtype(at::kInt));
  for (int e = 0; e < elements.count; ++e) {
    const auto first = 1 + static_cast<std::int64_t>(e) * s;
    const auto t = patch.t.narrow(1, first, s), speed = patch.speed.narrow(1, first, s);
    const auto constant = left.unsqueeze(2).expand({-1, -1, s});
    Tensor values =
        e == 0 ? constant.clone()
               : at::matmul(result.values.narrow(2, first - 1 - s, s + 1), elements.continuation.t());
    Tensor active = at::ones_like(result.solved), taken = at::zeros_like(result.steps);
    for (int step = 0; step < newton_steps; ++step) {
      const auto drift = frame.drift(t, theta, values.unbind(1));
      const auto rate = at::stack(drift.rate, 1) * speed.unsqueeze(1);
      const auto missing = left.unsqueeze(2) + at::matmul(rate, weights) - values;
      const auto matrix = element_matrix(elements, scaled_by(drift.jacobian, speed), n);
      auto change = std::get<0>(at::linalg_solve_ex(matrix, missing.flatten(1).unsqueeze(2)));
      change = change.squeeze(2).unflatten(1, {n, s});
      const auto size =
          (change.abs() / (units.unsqueeze(2) + values.abs())).amax({1, 2});  // NaN where it failed
      // A solved point stays: it must not depend on how long the others take.
      const auto moves = change.isfinite() & active.view({-1, 1, 1});
      values = values + at::where(moves, change, at::zeros_like(change));
      taken.add_(active.to(at::kInt));
      if (step == 0 && e > 0 && !frame.drift_is_linear()) {
        const auto lost = ~(size < trusted_step);
        values = at::where(lost.view({-1, 1, 1}), constant, values);
        active = lost | (size >= small_newton_step);
        if (!active.any().item<bool>()) break;
        continue;
      }
      const auto ends = active & (size.isnan() | (size < small_newton_step));
      result.solved = result.solved & ~(active & size.isnan());
      active = frame.drift_is_linear() ? at::zeros_like(active) : active & ~ends;
      if (!active.any().item<bool>()) break;
    }
    result.solved = result.solved & ~active;
    result.steps = at::maximum(result.steps, taken);
    result.values.narrow(2, first, s).copy_(values);
    left = values.select(2, s - 1);
  }
  return result;
}

/// The next patch's constants at the start of its region, from the patch before it.
problem::Frame::Inverse hand_over(const problem::System& system, const Tensors& theta, const Grid& grid,
                                  int patch, const Nodal& before, const problem::Matching& matching) {
  const auto& map = grid.patches[static_cast<std::size_t>(patch)].map;
  const auto& map_before = grid.patches[static_cast<std::size_t>(patch - 1)].map;
  const auto t = system.to_t(map.start);
  const auto xi = map_before.xi(map.start);
  Tensors constants;
  for (const auto& values : before) constants.push_back(grid.elements->interpolate(values, xi));
  const auto state = system.frame(patch - 1).state(t, theta, constants);
  return system.frame(patch).invert(t, theta, state, matching.constants[static_cast<std::size_t>(patch)]);
}

}  // namespace

March march(const problem::System& system, const Tensors& theta, const Grid& grid,
            const problem::Matching& matching) {
  const auto& elements = *grid.elements;
  const int n = system.size();
  const auto points = theta.front().size(0);
  March result;
  result.solved = at::ones({points}, theta.front().options().dtype(at::kBool));
  result.steps = at::zeros({points}, theta.front().options().dtype(at::kInt));
  Tensors start = matching.constants.front();
  for (int p = 0; p < system.patches(); ++p) {
    const auto& patch = grid.patches[static_cast<std::size_t>(p)];
    const auto& guess = matching.constants[static_cast<std::size_t>(p)];
    if (p > 0) {
      const auto inverse = hand_over(system, theta, grid, p, result.nodes.back(), matching);
      result.solved = result.solved & inverse.error.isfinite().squeeze(1);
      start = inverse.constants;
    }
    const auto units = at::cat(natural_units(system.frame(p), theta, patch, guess), 1);
    const auto left = at::cat(start, 1);
    const auto patch_march = problem::on_kernels(left)
                                 ? march_on_lanes(system.frame(p), theta, elements, patch, left, units)
                                 : march_on_arrays(system.frame(p), theta, elements, patch, left, units);
    result.solved = result.solved & patch_march.solved;
    result.steps = at::maximum(result.steps, patch_march.steps);
    Nodal nodes;
    for (int k = 0; k < n; ++k) nodes.push_back(patch_march.values.select(1, k).contiguous());
    result.nodes.push_back(nodes);
  }
  return result;
}

March relax(const problem::System& system, const Tensors& theta, const problem::Regions& regions,
            const Grid& grid, const problem::Matching& matching) {
  March result;
  std::vector<Tensors> units;
  for (int p = 0; p < system.patches(); ++p) {
    const auto s = static_cast<std::size_t>(p);
    Nodal nodes;
    for (const auto& value : matching.constants[s])
      nodes.push_back(value.expand_as(grid.patches[s].t).clone());
    units.push_back(natural_units(system.frame(p), theta, grid.patches[s], matching.constants[s]));
    result.nodes.push_back(nodes);
  }
  result.steps = at::zeros({theta.front().size(0)}, theta.front().options().dtype(at::kInt));
  Tensor settled = at::zeros_like(theta.front(), theta.front().options().dtype(at::kBool));
  for (int step = 0; step < newton_steps; ++step) {
    const auto corrections = newton_correction(system, theta, regions, grid, result.nodes);
    Tensor size = at::zeros_like(theta.front());
    for (std::size_t p = 0; p < corrections.size(); ++p) {
      for (std::size_t k = 0; k < corrections[p].size(); ++k) {
        auto& values = result.nodes[p][k];
        const auto& change = corrections[p][k];
        size = at::maximum(size, (change.abs() / (units[p][k] + values.abs())).amax(1, true));
        values = values + at::where(change.isfinite() & ~settled, change, at::zeros_like(change));
      }
    }
    // A settled point stays: it must not depend on how long the others take.
    result.steps.add_((~settled).squeeze(1).to(at::kInt));
    settled = settled | (size < small_newton_step);
    if (settled.all().item<bool>()) break;
  }
  result.solved = settled.squeeze(1);
  return result;
}

}  // namespace gluesweep::training
