#include "element_matrix.hpp"
#include "gluesweep/problem/kernels.hpp"
#include "gluesweep/training/march.hpp"
#include "lane_march.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

/// Chains the elements of a patch on any device: the same as chain_on_lanes.
Tensor chain_on_arrays(const problem::Frame& frame, const Tensors& theta, const network::Elements& elements,
                       const PatchGrid& patch, const Nodal& nodes, const Tensor& start) {
  const int n = frame.size(), s = elements.nodes;
  const auto points = start.size(0), columns = start.size(2);
  const auto drift = frame.drift(patch.t, theta, nodes);
  Tensors jacobian;
  for (const auto& value : drift.jacobian) jacobian.push_back(elements.inner(value * patch.speed));
  const auto matrix = element_matrix(elements, jacobian, n);  // (B, E, ns, ns)
  // From each constant at the left end, and from the defects.
  Tensor right = at::zeros({points, elements.count, n, s, n + 1}, matrix.options());
  for (int k = 0; k < n; ++k) {
    const auto sk = static_cast<std::size_t>(k);
    right.select(2, k).select(3, k).fill_(1.0);
    right.select(2, k).select(3, n).copy_(elements.defect(nodes[sk], drift.rate[sk] * patch.speed).neg());
  }
  const auto transfer =
      std::get<0>(at::linalg_solve_ex(matrix, right.flatten(2, 3))).unflatten(2, {n, s}).transpose(2, 3);
  Tensor left = start;
  Tensor all = at::empty({points, elements.size(), n, columns}, left.options());
  all.select(1, 0).copy_(left);
  for (int e = 0; e < elements.count; ++e) {
    const auto own = transfer.select(1, e).flatten(1, 2);  // (B, s n, n + 1)
    Tensor inner = at::bmm(own.narrow(2, 0, n), left);
    inner.select(2, columns - 1).add_(own.select(2, n));
    inner = inner.unflatten(1, {s, n});
    all.narrow(1, 1 + static_cast<std::int64_t>(e) * s, s).copy_(inner);
    left = inner.select(1, s - 1);
  }
  return all;
}

Tensor interpolated(const network::Elements& elements, const Tensor& affine, const Tensor& xi) {
  // (B, N, n, c) at xi (B, 1) -> (B, n, c)
  const auto n = affine.size(2), c = affine.size(3);
  Tensors entries;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < c; ++j) {
      entries.push_back(elements.interpolate(affine.select(3, j).select(2, i), xi));
    }
  }
  return at::cat(entries, 1).unflatten(1, {n, c});
}

Tensor as_matrix(const Tensors& entries, int n) {  // n*n tensors (B, 1) -> (B, n, n)
  return at::cat(entries, 1).unflatten(1, {n, n});
}

/// Solves with rows of unit size: components of the state may differ by many decades.
Tensor relative_solve(const Tensor& matrix, const Tensor& right) {
  const auto rows = matrix.abs().amax(2, true).clamp_min(1e-300);
  return std::get<0>(at::linalg_solve_ex(matrix / rows, right / rows));
}

/// The correction at the start of patch p from the one of the patch before: J_p d_p = J_q d_q + (Phi_q -
/// Phi_p).
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
  target.select(2, target.size(2) - 1).add_(at::cat(q.state, 1) - at::cat(own.state, 1));
  return relative_solve(as_matrix(own.jacobian, n), target);
}

/// The correction at the start where all conditions stand there, (B, n, 1).
Tensor forward_start(const problem::System& system, const Tensors& theta, const std::vector<Nodal>& nodes) {
  const int n = system.size();
  Tensors constants, rights(static_cast<std::size_t>(n));
  for (const auto& values : nodes.front()) constants.push_back(values.narrow(1, 0, 1));
  const auto t = at::full_like(theta.front(), system.start());
  const auto response = system.frame(0).response(t, theta, constants);
  for (const auto& condition : system.conditions()) {
    const auto i = static_cast<std::size_t>(condition.component);
    rights[i] = condition.target(theta) - response.state[i];
  }
  return relative_solve(as_matrix(response.jacobian, n), at::cat(rights, 1).unsqueeze(2));
}

/// The start correction that meets the linearised conditions, (B, n, 1).
Tensor start_correction(const problem::System& system, const Tensors& theta, const problem::Regions& regions,
                        const Grid& grid, const std::vector<Nodal>& nodes, const Tensors& affine) {
  const int n = system.size();
  const auto one = at::ones_like(theta.front());
  Tensors rows, rights;
  for (const auto& condition : system.conditions()) {
    const auto x = system.to_x(condition.where(theta));
    Tensor row = at::zeros({one.size(0), n}, one.options());
    Tensor right = condition.target(theta).clone();
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
  const auto options = theta.front().options();
  // Where all conditions stand at the start the correction there is known; otherwise it is an unknown of its
  // own, and corrections elsewhere are affine functions of it.
  const bool forward = system.starts_with_all();
  Tensor left = forward ? forward_start(system, theta, nodes)
                        : at::eye(n, n + 1, options).repeat({theta.front().size(0), 1, 1});
  Tensors chains;
  for (int p = 0; p < system.patches(); ++p) {
    const auto s = static_cast<std::size_t>(p);
    if (p > 0) left = glued(system, theta, grid, p, nodes, chains.back());
    const auto chain = problem::on_kernels(left) ? chain_on_lanes : chain_on_arrays;
    chains.push_back(chain(system.frame(p), theta, *grid.elements, grid.patches[s], nodes[s], left));
  }
  if (!forward) {
    const auto start = start_correction(system, theta, regions, grid, nodes, chains).unsqueeze(1);
    for (auto& chain : chains) chain = at::matmul(chain.narrow(3, 0, n), start) + chain.narrow(3, n, 1);
  }
  std::vector<Nodal> corrections;
  for (const auto& chain : chains) {
    Nodal columns;
    for (int k = 0; k < n; ++k) columns.push_back(chain.select(3, 0).select(2, k).contiguous());
    corrections.push_back(columns);
  }
  return corrections;
}

}  // namespace gluesweep::training
