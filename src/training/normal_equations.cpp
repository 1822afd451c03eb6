#include "normal_equations.hpp"

namespace gluesweep::training {

using at::Tensor;

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
