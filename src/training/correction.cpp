#include "element_matrix.hpp"
#include "gluesweep/training/march.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

/// One patch: nodal corrections from the correction at its left end.
struct PatchTransfer {
  Tensor
      inner;  // (B, E, n, s, n + 1): at an element's nodes from its left end; last column the defect's part
};

PatchTransfer patch_transfer(const problem::Frame& frame, const Tensors& theta,
                             const network::Elements& elements, const PatchGrid& patch, const Nodal& nodes) {
  const int n = frame.size(), s = elements.nodes;
  const auto drift = frame.drift(patch.t, theta, nodes);
  Tensors jacobian;
  for (const auto& value : drift.jacobian) jacobian.push_back(elements.inner(value * patch.speed));
  const auto matrix = element_matrix(elements, jacobian, n);  // (B, E, ns, ns)
  const auto points = matrix.size(0);
  Tensor right = at::zeros({points, elements.count, n, s, n + 1}, matrix.options());
  for (int k = 0; k < n; ++k) {
    const auto sk = static_cast<std::size_t>(k);
    const auto defect = elements.defect(nodes[sk], drift.rate[sk] * patch.speed);
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
  const auto points = theta.front().size(0);
  const auto options = theta.front().options();
  Tensor left = at::zeros({points, n, n + 1}, options);
  left.narrow(2, 0, n).copy_(at::eye(n, options));
  Tensors affine;
  for (int p = 0; p < system.patches(); ++p) {
    const auto s = static_cast<std::size_t>(p);
    if (p > 0) left = glued(system, theta, grid, p, nodes, affine.back());
    affine.push_back(chain(patch_transfer(system.frame(p), theta, *grid.elements, grid.patches[s], nodes[s]),
                           left, *grid.elements));
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

}  // namespace gluesweep::training
