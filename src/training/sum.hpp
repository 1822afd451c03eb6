#pragma once

#include <ATen/ATen.h>

#include "gluesweep/network/scale.hpp"
#include "gluesweep/network/trunk.hpp"
#include "gluesweep/problem/sum_ansatz.hpp"
#include "gluesweep/training/grid.hpp"
#include "gluesweep/training/solution.hpp"

namespace gluesweep::training {

/// A batch of points in the ansatz `sum` on one grid over the whole domain. All K = P n coefficients have one
/// map and one trunk, C_k(xi) = scale_k(xi) features(xi) . head[:, k]. Everything is borrowed but the last.
struct SumBatch {
  const problem::System& system;
  const problem::SumAnsatz& ansatz;
  const Points& points;
  const network::Elements& elements;
  const network::Trunk& trunk;
  PatchGrid grid;
  at::Tensor units;      ///< (B, K, 1): natural unit of each constant
  network::Scale scale;  ///< (B, K, terms)
};

struct SumFit {
  at::Tensor head;        ///< (B, K, F)
  at::Tensor defect;      ///< (B) largest weighted defect or error of a condition, relative to the solution
  at::Tensor iterations;  ///< (B) int32
  at::Tensor finite;      ///< (B) bool: residuals stayed finite
};

struct SumOptions {
  double tolerance;  ///< stop where a step changes the solution by less than a hundredth of this
  int max_iterations;
};

/// Trains all heads together on the original equation, by Gauss-Newton (Levenberg-Marquardt) with a damping
/// per point, from the coefficients at the nodes (K tensors (B, N)).
///
/// The equation is n equations for K functions: of all the coefficients that solve it, those with the
/// smallest variation are found, the sum over k of the integral over xi of (C_k' / u_k)^2 with u_k the larger
/// of the natural unit and |C_k|. Its weight is lowered step by step; the last steps meet the equation
/// without it, changing the coefficients as smoothly as possible (in a linear problem: the multiplier method,
/// whose limit is the smallest variation under the equation).
///
/// Rows of the equation are integral defects, as in the ansatz of frames, so that nothing hides between the
/// nodes and the oscillation of the patches is factored out: the state of the sum, expressed by the constants
/// of the frame that owns the element, must obey equation (1) of that frame, which is the original equation.
SumFit train_sum(const SumBatch& batch, const Tensors& start, const SumOptions& options);

}  // namespace gluesweep::training
