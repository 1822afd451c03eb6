#include "normal_equations.hpp"

namespace gluesweep::training {

using at::Tensor;

std::pair<Tensor, Tensor> project_rows(const Tensor& rows, const Tensor& residuals, const Tensor& features) {
  const auto points = rows.size(0), count = rows.size(1), n = rows.size(3), width = rows.size(4);
  const auto m = rows.reshape({points * count, -1, n * width});
  const auto node_matrix = at::bmm(m.transpose(1, 2), m).view({points, count, n, width, n, width});
  const auto node_gradient =
      at::bmm(m.transpose(1, 2), residuals.reshape({points * count, -1, 1})).view({points, count, n, width});
  const auto f = features.size(2);
  const auto flat = features.view({-1, f});  // (E (s + 1), F)
  Tensor matrix = at::empty({points, n, f, n, f}, rows.options());
  Tensor gradient = at::empty({points, n, f}, rows.options());
  for (std::int64_t k = 0; k < n; ++k) {
    for (std::int64_t l = 0; l <= k; ++l) {
      const auto block =
          node_matrix.select(2, k).select(3, l).permute({1, 2, 0, 3}).reshape({count, width * points, width});
      const auto half = at::bmm(block, features).view({-1, points * f});
      const auto whole = at::mm(flat.t(), half).view({f, points, f}).permute({1, 0, 2});
      matrix.select(1, k).select(2, l).copy_(whole);
      if (l < k) matrix.select(1, l).select(2, k).copy_(whole.transpose(1, 2));
    }
    gradient.select(1, k).copy_(at::mm(node_gradient.select(2, k).reshape({points, -1}), flat));
  }
  return {matrix.view({points, n * f, n * f}), gradient.view({points, n * f})};
}

NormalEquations::Step NormalEquations::solve(const Tensor& damping, int constants) const {
  const auto patches = matrix.size();
  std::vector<Tensor> solutions(patches), couplings(patches);  // S^-1 rhs, S^-1 left^T
  Step step;
  step.solved = at::ones_like(damping, damping.options().dtype(at::kBool));
  for (std::size_t p = 0; p < patches; ++p) {
    Tensor block = matrix[p].clone();
    Tensor right = gradient[p].neg();
    if (p > 0) {
      // What the patches before leave of the glue: rows (1 - left S^-1 left^T) right.
      const auto& glued = glue[p - 1];
      const auto known = at::bmm(glued.left, couplings[p - 1]);  // (B, R, R)
      const auto rest = at::eye(known.size(1), known.options()) - known;
      block.baddbmm_(glued.right.transpose(1, 2), at::bmm(rest, glued.right));
      const auto carried = glued.residual + at::bmm(glued.left, solutions[p - 1].unsqueeze(2)).squeeze(2);
      right = right + at::bmm(glued.right.transpose(1, 2), carried.unsqueeze(2)).squeeze(2);
    }
    if (p + 1 < patches) {
      const auto transposed = glue[p].left.transpose(1, 2);
      block.baddbmm_(transposed, glue[p].left);
      right = right - at::bmm(transposed, glue[p].residual.unsqueeze(2)).squeeze(2);
    }
    auto diagonal = block.diagonal(0, 1, 2);
    const auto mean = diagonal.unflatten(1, {constants, -1}).mean(2, true);
    diagonal.unflatten(1, {constants, -1}).add_(damping.view({-1, 1, 1}) * mean);
    const auto [factor, info] = at::linalg_cholesky_ex(block);
    step.solved = step.solved & (info == 0);
    Tensor rights = right.unsqueeze(2);
    if (p + 1 < patches) rights = at::cat({rights, glue[p].left.transpose(1, 2)}, 2);
    const auto solved = at::cholesky_solve(rights, factor);
    solutions[p] = solved.select(2, 0);
    couplings[p] = solved.slice(2, 1);
  }
  step.change.resize(patches);
  for (std::size_t p = patches; p-- > 0;) {
    step.change[p] = solutions[p];
    if (p + 1 < patches) {
      const auto pulled = at::bmm(glue[p].right, step.change[p + 1].unsqueeze(2));
      step.change[p] = step.change[p] + at::bmm(couplings[p], pulled).squeeze(2);
    }
    step.solved = step.solved & step.change[p].isfinite().all(1);
  }
  return step;
}

}  // namespace gluesweep::training
