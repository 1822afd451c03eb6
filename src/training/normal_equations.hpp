#pragma once

#include <ATen/ATen.h>

#include <utility>
#include <vector>

namespace gluesweep::training {

/// J^T J (B, n F, n F) and J^T r (B, n F) on the heads of n networks from an element's rows on the networks'
/// values at its left end and its s nodes, (B, E, R, n, s + 1), their residuals (B, E, ...), R in all, and
/// the features there (E, s + 1, F). In node space the normal matrix is small blocks; the trunk is the same
/// for all points, so projecting it on the features is a few large products.
std::pair<at::Tensor, at::Tensor> project_rows(const at::Tensor& rows, const at::Tensor& residuals,
                                               const at::Tensor& features);

/// The rows that tie patch p (left) to p + 1 (right): residual + left . d_p - right . d_{p+1}.
struct GlueRows {
  at::Tensor residual;  // (B, R)
  at::Tensor left;      // (B, R, K)
  at::Tensor right;     // (B, R, K)
};

/// Normal equations of a batch. Each patch's own rows give a (K, K) block, K = n F; neighbours meet in a few
/// glue rows only, so that the whole matrix is block tridiagonal with off-diagonal blocks of rank R.
struct NormalEquations {
  std::vector<at::Tensor> matrix;    // per patch (B, K, K): J^T J of its own rows (defects, conditions)
  std::vector<at::Tensor> gradient;  // per patch (B, K): J^T r of the same
  std::vector<GlueRows> glue;        // between neighbours

  struct Step {
    std::vector<at::Tensor> change;  // per patch (B, K)
    at::Tensor solved;               // (B) bool: all factorisations succeeded
  };

  /// The damped step -(J^T J + damping mean(diag))^-1 J^T r by block elimination; damping (B).
  /// `constants` = n: the mean of the diagonal is taken per constant, whose units differ.
  Step solve(const at::Tensor& damping, int constants) const;
};

}  // namespace gluesweep::training
