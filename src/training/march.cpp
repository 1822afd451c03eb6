#include "gluesweep/training/march.hpp"

#include <cmath>

#include "element_matrix.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

constexpr int newton_steps = 25;
constexpr double newton_tolerance = 1.0e-12;  // of the constants' natural units

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

struct ElementSolution {
  Tensor values;  // (B, n, s)
  Tensor solved;  // (B) bool
};

ElementSolution solve_element(const problem::Frame& frame, const Tensors& theta,
                              const network::Elements& elements, const Tensor& t, const Tensor& speed,
                              const Tensor& left, const Tensor& units) {
  const int n = frame.size();
  Tensor values = left.unsqueeze(2).expand({-1, -1, elements.nodes}).clone();
  const auto weights = (elements.integration * elements.width).t();
  Tensor solved = at::zeros({left.size(0)}, left.options().dtype(at::kBool));
  for (int step = 0; step < newton_steps; ++step) {
    const auto drift = frame.drift(t, theta, values.unbind(1));
    const auto rate = at::stack(drift.rate, 1) * speed.unsqueeze(1);
    const auto residual = left.unsqueeze(2) + at::matmul(rate, weights) - values;
    const auto matrix = element_matrix(elements, scaled_by(drift.jacobian, speed), n);
    auto change = std::get<0>(at::linalg_solve_ex(matrix, residual.flatten(1).unsqueeze(2)));
    change = change.squeeze(2).unflatten(1, {n, elements.nodes});
    const auto size =
        (change.abs() / (units.unsqueeze(2) + values.abs())).amax(2).amax(1);  // NaN where it failed
    // A solved point stays: it must not depend on how long the others take.
    const auto moves = change.isfinite() & ~solved.view({-1, 1, 1});
    values = values + at::where(moves, change, at::zeros_like(change));
    // Far below what training can resolve, a stalled iteration is only rounding.
    const bool last = step + 1 == newton_steps;
    solved = solved | (size < (last ? std::sqrt(newton_tolerance) : newton_tolerance));
    if (solved.all().item<bool>()) break;
  }
  return {values, solved};
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
  const int n = system.size(), s = elements.nodes;
  const auto points = theta.front().size(0);
  March result;
  result.solved = at::ones({points}, theta.front().options().dtype(at::kBool));
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
    Tensor values = at::empty({points, n, elements.size()}, theta.front().options());
    Tensor left = at::cat(start, 1);
    values.select(2, 0).copy_(left);
    for (int e = 0; e < elements.count; ++e) {
      const auto first = 1 + static_cast<std::int64_t>(e) * s;
      const auto solution = solve_element(system.frame(p), theta, elements, patch.t.narrow(1, first, s),
                                          patch.speed.narrow(1, first, s), left, units);
      values.narrow(2, first, s).copy_(solution.values);
      left = solution.values.select(2, s - 1);
      result.solved = result.solved & solution.solved;
    }
    Nodal nodes;
    for (int k = 0; k < n; ++k) nodes.push_back(values.select(1, k).contiguous());
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
    settled = settled | (size < newton_tolerance);
    result.solved = (settled | (size < std::sqrt(newton_tolerance))).squeeze(1);
    if (settled.all().item<bool>()) break;
  }
  return result;
}

}  // namespace gluesweep::training
