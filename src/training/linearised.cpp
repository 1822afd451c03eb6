#include "linearised.hpp"

#include "element_matrix.hpp"
#include "gluesweep/problem/kernels.hpp"
#include "lane_march.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

/// Chains the elements of a patch on any device: the same as chain_on_lanes.
Tensor chain_on_arrays(const problem::Frame& frame, const Tensors& theta, const network::Elements& elements,
                       const PatchGrid& patch, const Nodal& nodes, const Tensor& start,
                       const std::optional<Tensor>& sources) {
  const int n = frame.size(), s = elements.nodes;
  const auto points = start.size(0), columns = start.size(2), driven = sources ? sources->size(4) : 1;
  const auto drift = frame.drift(patch.t, theta, nodes);
  Tensors jacobian;
  for (const auto& value : drift.jacobian) jacobian.push_back(elements.inner(value * patch.speed));
  const auto matrix = element_matrix(elements, jacobian, n);  // (B, E, ns, ns)
  // From each constant at the left end, and from the sources.
  Tensor right = at::zeros({points, elements.count, n, s, n + driven}, matrix.options());
  for (int k = 0; k < n; ++k) {
    const auto sk = static_cast<std::size_t>(k);
    right.select(2, k).select(3, k).fill_(1.0);
    if (!sources)
      right.select(2, k).select(3, n).copy_(elements.defect(nodes[sk], drift.rate[sk] * patch.speed).neg());
  }
  if (sources) right.narrow(4, n, driven).copy_(*sources);
  const auto transfer =
      std::get<0>(at::linalg_solve_ex(matrix, right.flatten(2, 3))).unflatten(2, {n, s}).transpose(2, 3);
  Tensor left = start;
  Tensor all = at::empty({points, elements.size(), n, columns}, left.options());
  all.select(1, 0).copy_(left);
  for (int e = 0; e < elements.count; ++e) {
    const auto own = transfer.select(1, e).flatten(1, 2);  // (B, s n, n + m)
    Tensor inner = at::bmm(own.narrow(2, 0, n), left);
    inner.narrow(2, columns - driven, driven).add_(own.narrow(2, n, driven));
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

/// The solution at the start of patch p from the one of the patch before: J_p d_p = J_q d_q + (b_q - b_p).
Tensor glued(const Linearisation& at_values, const RightSides& right_sides, int p, const Tensor& before) {
  const auto& [system, theta, regions, grid, nodes] = at_values;
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
  const auto m = right_sides.columns();
  target.narrow(2, target.size(2) - m, m)
      .add_(right_sides.in_state(p - 1, t, left, q) - right_sides.in_state(p, t, right, own));
  return relative_solve(own.jacobian, target);
}

/// The solution at the start where all conditions stand there, (B, n, m).
Tensor forward_start(const Linearisation& at_values, const RightSides& right_sides) {
  const auto& [system, theta, regions, grid, nodes] = at_values;
  const int n = system.size();
  Tensors constants, rights(static_cast<std::size_t>(n));
  for (const auto& values : nodes.front()) constants.push_back(values.narrow(1, 0, 1));
  const auto t = at::full_like(theta.front(), system.start());
  const auto response = system.frame(0).response(t, theta, constants);
  const auto in_state = right_sides.in_state(0, t, constants, response);
  const auto& conditions = system.conditions();
  for (std::size_t c = 0; c < conditions.size(); ++c) {
    const auto i = conditions[c].component;
    rights[static_cast<std::size_t>(i)] = right_sides.in_condition(c) - in_state.select(1, i);
  }
  return relative_solve(response.jacobian, at::stack(rights, 1));
}

/// The start that meets the linearised conditions, (B, n, m), where the solution is an affine function of it.
Tensor solved_start(const Linearisation& at_values, const RightSides& right_sides, const Tensors& affine) {
  const auto& [system, theta, regions, grid, nodes] = at_values;
  const int n = system.size();
  const auto m = right_sides.columns();
  const auto one = at::ones_like(theta.front());
  Tensors rows, rights;
  const auto& conditions = system.conditions();
  for (std::size_t c = 0; c < conditions.size(); ++c) {
    const auto component = conditions[c].component;
    const auto x = system.to_x(conditions[c].where(theta));
    Tensor row = at::zeros({one.size(0), n}, one.options());
    Tensor right = right_sides.in_condition(c).clone();
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
      const auto t = system.to_t(place);
      const auto response = system.frame(p).response(t, theta, constants);
      Tensors entries(response.jacobian.begin() + component * n,
                      response.jacobian.begin() + (component + 1) * n);
      const auto change = at::bmm(at::cat(entries, 1).unsqueeze(1),
                                  interpolated(*grid.elements, affine[static_cast<std::size_t>(p)], xi))
                              .squeeze(1);  // (B, n + m)
      const auto given = right_sides.in_state(p, t, constants, response).select(1, component);
      row = row + at::where(owned, change.narrow(1, 0, n), at::zeros_like(row));
      right = right - at::where(owned, given + change.narrow(1, n, m), at::zeros_like(right));
    }
    const auto size = row.abs().amax(1, true).clamp_min(1e-300);
    rows.push_back(row / size);
    rights.push_back(right / size);
  }
  return std::get<0>(at::linalg_solve_ex(at::stack(rows, 1), at::stack(rights, 1)));
}

}  // namespace

Tensor relative_solve(const Tensors& jacobian, const Tensor& right) {
  const auto matrix = as_matrix(jacobian, static_cast<int>(right.size(1)));
  const auto rows = matrix.abs().amax(2, true).clamp_min(1e-300);
  return std::get<0>(at::linalg_solve_ex(matrix / rows, right / rows));
}

Tensors solve_linearised(const Linearisation& at_values, const RightSides& right_sides) {
  const auto& [system, theta, regions, grid, nodes] = at_values;
  const int n = system.size();
  const auto m = right_sides.columns();
  // Where all conditions stand at the start the solution there is known; otherwise it is an unknown of its
  // own, and the solution elsewhere is an affine function of it.
  const bool forward = system.starts_with_all();
  Tensor left = forward ? forward_start(at_values, right_sides)
                        : at::eye(n, n + m, theta.front().options()).repeat({theta.front().size(0), 1, 1});
  Tensors chains;
  for (int p = 0; p < system.patches(); ++p) {
    const auto s = static_cast<std::size_t>(p);
    if (p > 0) left = glued(at_values, right_sides, p, chains.back());
    const auto chain = problem::on_kernels(left) ? chain_on_lanes : chain_on_arrays;
    chains.push_back(chain(system.frame(p), theta, *grid.elements, grid.patches[s], nodes[s], left,
                           right_sides.in_elements(p)));
  }
  if (!forward) {
    const auto start = solved_start(at_values, right_sides, chains).unsqueeze(1);
    for (auto& chain : chains) chain = at::matmul(chain.narrow(3, 0, n), start) + chain.narrow(3, n, m);
  }
  return chains;
}

}  // namespace gluesweep::training
