#include "gluesweep/training/march.hpp"

#include <cmath>

namespace gluesweep::training {
namespace {

using at::indexing::Slice;
using at::Tensor;

constexpr int newton_steps = 25;
constexpr double newton_tolerance = 1.0e-12;  // of the constants' natural units

/// The element systems I - h A (dt/dxi) dG/dC of any number of elements: jacobian n*n tensors (..., s) already
/// times dt/dxi, to (..., n s, n s).
Tensor element_matrix(const network::Elements& elements, const Tensors& jacobian, int n) {
  const auto s = elements.nodes;
  const auto weights = elements.integration * elements.width;  // (s, s)
  auto shape = jacobian.front().sizes().vec();
  shape.pop_back();
  shape.insert(shape.end(), {n, s, n, s});
  Tensor matrix = at::empty(shape, weights.options());
  const auto identity = at::eye(s, weights.options());
  for (int k = 0; k < n; ++k) {
    for (int l = 0; l < n; ++l) {
      auto block = matrix.select(-4, k).select(-2, l);  // (..., s, s)
      block.copy_(weights * jacobian[static_cast<std::size_t>(k * n + l)].unsqueeze(-2)).neg_();
      if (k == l) block.add_(identity);
    }
  }
  return matrix.flatten(-2).flatten(-3, -2);
}

Tensors scaled_by(const Tensors& values, const Tensor& factor) {
  Tensors scaled;
  for (const auto& value : values) scaled.push_back(value * factor);
  return scaled;
}

/// Natural unit of each constant on a patch: what changes the matched solution by its own size where it matters
/// most, (B, 1).
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

ElementSolution solve_element(const problem::Frame& frame, const Tensors& theta, const network::Elements& elements,
                              const Tensor& t, const Tensor& speed, const Tensor& left, const Tensor& units) {
  const int n = frame.size();
  Tensor values = left.unsqueeze(2).expand({-1, -1, elements.nodes}).clone();
  const auto weights = (elements.integration * elements.width).t();
  Tensor solved;
  for (int step = 0; step < newton_steps; ++step) {
    const auto drift = frame.drift(t, theta, values.unbind(1));
    const auto rate = at::stack(drift.rate, 1) * speed.unsqueeze(1);
    const auto residual = left.unsqueeze(2) + at::matmul(rate, weights) - values;
    const auto matrix = element_matrix(elements, scaled_by(drift.jacobian, speed), n);
    auto change = std::get<0>(at::linalg_solve_ex(matrix, residual.flatten(1).unsqueeze(2)));
    change = change.squeeze(2).unflatten(1, {n, elements.nodes});
    const auto size = (change.abs() / (units.unsqueeze(2) + values.abs())).amax(2).amax(1);  // NaN where it failed
    values = values + at::where(change.isfinite(), change, at::zeros_like(change));
    solved = size < newton_tolerance;
    if (solved.all().item<bool>()) break;
    // Far below what training can resolve, a stalled iteration is only rounding.
    if (step + 1 == newton_steps) solved = size < std::sqrt(newton_tolerance);
  }
  return {values, solved};
}

/// The next patch's constants at the start of its region, from the patch before it.
problem::Frame::Inverse hand_over(const problem::System& system, const Tensors& theta, const Grid& grid, int patch,
                                  const Nodal& before, const problem::Matching& matching) {
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

namespace {

/// One patch: nodal corrections from the correction at its left end.
struct PatchTransfer {
  Tensor inner;     // (B, E, n, s, n + 1): at an element's nodes from its left end; last column the defect's part
};

PatchTransfer patch_transfer(const problem::Frame& frame, const Tensors& theta, const network::Elements& elements,
                             const PatchGrid& patch, const Nodal& nodes) {
  const int n = frame.size(), s = elements.nodes;
  const auto drift = frame.drift(patch.t, theta, nodes);
  Tensors jacobian;
  for (const auto& value : drift.jacobian) jacobian.push_back(elements.inner(value * patch.speed));
  const auto matrix = element_matrix(elements, jacobian, n);  // (B, E, ns, ns)
  const auto points = matrix.size(0);
  Tensor right = at::zeros({points, elements.count, n, s, n + 1}, matrix.options());
  for (int k = 0; k < n; ++k) {
    const auto sk = static_cast<std::size_t>(k);
    const auto defect = elements.inner(nodes[sk]) - elements.left(nodes[sk]).unsqueeze(-1) -
                        elements.integrate(drift.rate[sk] * patch.speed);
    right.select(2, k).select(3, k).fill_(1.0);
    right.select(2, k).select(3, n).copy_(defect.neg());
  }
  const auto solved = std::get<0>(at::linalg_solve_ex(matrix, right.flatten(2, 3)));
  return {solved.unflatten(2, {n, s})};
}

/// Chains the elements of a patch: nodal corrections as affine functions of d_start, (B, N, n, n + 1).
Tensor chain(const PatchTransfer& transfer, Tensor left, const network::Elements& elements) {
  const auto points = left.size(0), n = left.size(1);
  Tensor all = at::empty({points, elements.size(), n, n + 1}, left.options());
  all.select(1, 0).copy_(left);
  const auto homogeneous = transfer.inner.narrow(4, 0, n);  // (B, E, n, s, n)
  const auto particular = transfer.inner.select(4, n);      // (B, E, n, s)
  const auto s = elements.nodes;
  for (int e = 0; e < elements.count; ++e) {
    // (B, s n, n) x (B, n, n + 1)
    const auto step = homogeneous.select(1, e).transpose(1, 2).flatten(1, 2);
    Tensor inner = at::bmm(step, left).unflatten(1, {s, n});
    inner.select(3, n).add_(particular.select(1, e).transpose(1, 2));
    all.narrow(1, 1 + static_cast<std::int64_t>(e) * s, s).copy_(inner);
    left = inner.select(1, s - 1);
  }
  return all;
}

Tensor interpolated(const network::Elements& elements, const Tensor& affine, const Tensor& xi) {
  // (B, N, n, n + 1) at xi (B, 1) -> (B, n, n + 1)
  const auto n = affine.size(2);
  Tensors columns;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j <= n; ++j) {
      columns.push_back(elements.interpolate(affine.select(3, j).select(2, i), xi));
    }
  }
  return at::cat(columns, 1).unflatten(1, {n, n + 1});
}

Tensor as_matrix(const Tensors& entries, int n) {  // n*n tensors (B, 1) -> (B, n, n)
  return at::cat(entries, 1).unflatten(1, {n, n});
}

/// The correction at the start of patch p from the one of the patch before: J_p d_p = J_q d_q + (Phi_q - Phi_p).
Tensor glued(const problem::System& system, const Tensors& theta, const Grid& grid, int p,
             const std::vector<Nodal>& nodes, const Tensor& before) {
  const int n = system.size();
  const auto& map = grid.patches[static_cast<std::size_t>(p)].map;
  const auto t = system.to_t(map.start);
  const auto xi = grid.patches[static_cast<std::size_t>(p - 1)].map.xi(map.start);
  Tensors left, right;
  for (int k = 0; k < n; ++k) {
    const auto s = static_cast<std::size_t>(k);
    left.push_back(grid.elements->interpolate(nodes[static_cast<std::size_t>(p - 1)][s], xi));
    right.push_back(nodes[static_cast<std::size_t>(p)][s].narrow(1, 0, 1));
  }
  const auto q = system.frame(p - 1).response(t, theta, left);
  const auto own = system.frame(p).response(t, theta, right);
  Tensor target = at::bmm(as_matrix(q.jacobian, n), interpolated(*grid.elements, before, xi));
  target.select(2, n).add_(at::cat(q.state, 1) - at::cat(own.state, 1));
  const auto matrix = as_matrix(own.jacobian, n);
  const auto rows = matrix.abs().amax(2, true).clamp_min(1e-300);
  return std::get<0>(at::linalg_solve_ex(matrix / rows, target / rows));
}

/// The start correction that meets the linearised conditions, (B, n, 1).
Tensor start_correction(const problem::System& system, const Tensors& theta, const problem::Regions& regions,
                        const Grid& grid, const std::vector<Nodal>& nodes, const Tensors& affine) {
  const int n = system.size();
  const auto one = at::ones_like(theta.front());
  Tensors rows, rights;
  for (const auto& condition : system.conditions()) {
    const auto t = at::full_like(one, condition.at);
    const auto x = system.to_x(t);
    Tensors inputs{t};
    inputs.insert(inputs.end(), theta.begin(), theta.end());
    Tensor row = at::zeros({one.size(0), n}, one.options());
    Tensor right = condition.value(inputs).front().expand_as(t).clone();
    for (int p = 0; p < system.patches(); ++p) {
      const auto owned = regions.owned(p, x);
      if (!owned.any().item<bool>()) continue;
      const auto& map = grid.patches[static_cast<std::size_t>(p)].map;
      const auto place = at::minimum(at::maximum(x, map.start), map.end);
      const auto xi = map.xi(place).clamp(-1.0, 1.0);
      Tensors constants;
      for (const auto& values : nodes[static_cast<std::size_t>(p)]) {
        constants.push_back(grid.elements->interpolate(values, xi));
      }
      const auto response = system.frame(p).response(system.to_t(place), theta, constants);
      const auto i = static_cast<std::size_t>(condition.component);
      Tensors entries(response.jacobian.begin() + condition.component * n,
                      response.jacobian.begin() + (condition.component + 1) * n);
      const auto sensitivity = at::bmm(at::cat(entries, 1).unsqueeze(1),
                                       interpolated(*grid.elements, affine[static_cast<std::size_t>(p)], xi))
                                   .squeeze(1);  // (B, n + 1)
      const auto mask = owned.to(at::kDouble);
      row = row + at::where(owned, sensitivity.narrow(1, 0, n), at::zeros_like(row));
      right = right - at::where(owned, response.state[i] + sensitivity.narrow(1, n, 1), at::zeros_like(mask));
    }
    const auto size = row.abs().amax(1, true).clamp_min(1e-300);
    rows.push_back(row / size);
    rights.push_back(right / size);
  }
  return std::get<0>(at::linalg_solve_ex(at::stack(rows, 1), at::stack(rights, 1)));
}

}  // namespace

std::vector<Nodal> newton_correction(const problem::System& system, const Tensors& theta,
                                     const problem::Regions& regions, const Grid& grid,
                                     const std::vector<Nodal>& nodes) {
  const int n = system.size();
  const auto points = theta.front().size(0);
  const auto options = theta.front().options();
  Tensor left = at::zeros({points, n, n + 1}, options);
  left.narrow(2, 0, n).copy_(at::eye(n, options));
  Tensors affine;
  for (int p = 0; p < system.patches(); ++p) {
    const auto s = static_cast<std::size_t>(p);
    if (p > 0) left = glued(system, theta, grid, p, nodes, affine.back());
    affine.push_back(
        chain(patch_transfer(system.frame(p), theta, *grid.elements, grid.patches[s], nodes[s]), left, *grid.elements));
  }
  const auto start = start_correction(system, theta, regions, grid, nodes, affine);
  std::vector<Nodal> corrections;
  for (const auto& patch : affine) {
    const auto value = at::matmul(patch.narrow(3, 0, n), start.unsqueeze(1)).squeeze(3) + patch.select(3, n);
    Nodal columns;
    for (int k = 0; k < n; ++k) columns.push_back(value.select(2, k).contiguous());
    corrections.push_back(columns);
  }
  return corrections;
}

March relax(const problem::System& system, const Tensors& theta, const problem::Regions& regions, const Grid& grid,
            const problem::Matching& matching) {
  March result;
  std::vector<Tensors> units;
  for (int p = 0; p < system.patches(); ++p) {
    const auto s = static_cast<std::size_t>(p);
    Nodal nodes;
    for (const auto& value : matching.constants[s]) nodes.push_back(value.expand_as(grid.patches[s].t).clone());
    units.push_back(natural_units(system.frame(p), theta, grid.patches[s], matching.constants[s]));
    result.nodes.push_back(nodes);
  }
  for (int step = 0; step < newton_steps; ++step) {
    const auto corrections = newton_correction(system, theta, regions, grid, result.nodes);
    Tensor size = at::zeros_like(theta.front());
    for (std::size_t p = 0; p < corrections.size(); ++p) {
      for (std::size_t k = 0; k < corrections[p].size(); ++k) {
        auto& values = result.nodes[p][k];
        const auto& change = corrections[p][k];
        size = at::maximum(size, (change.abs() / (units[p][k] + values.abs())).amax(1, true));
        values = values + at::where(change.isfinite(), change, at::zeros_like(change));
      }
    }
    result.solved = (size < std::sqrt(newton_tolerance)).squeeze(1);
    if ((size < newton_tolerance).all().item<bool>()) break;
  }
  return result;
}

}  // namespace gluesweep::training
