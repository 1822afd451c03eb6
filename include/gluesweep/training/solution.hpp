#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "gluesweep/training/gauss_newton.hpp"

namespace gluesweep::training {

/// Trained networks of a batch, ready to be evaluated anywhere. Everything is borrowed.
struct Trained {
  const problem::System& system;
  const Tensors& theta;
  const problem::Regions& regions;
  const Grid& grid;
  const network::Trunk& trunk;
  const Scales& scales;
  const Heads& heads;
};

struct Evaluation {
  Tensors state;                   ///< n tensors (B, M)
  std::vector<Tensors> constants;  ///< per patch n tensors (B, M)
};

/// State and coefficient functions at t (B, M). The state is that of the patch that owns the place. A
/// coefficient is its network's value on the patch's trained region; outside, it is what expresses the state
/// in that patch's frame, NaN where the frame cannot (degenerate, or not invertible).
Evaluation evaluate(const Trained& trained, const at::Tensor& t);

/// Asymptotic constants, (P n, B): each patch's coefficients where they drift least on the patch's own side.
at::Tensor limits(const Trained& trained);

/// Where neighbouring patches' drift rates (relative change of the solution per unit of x, through all
/// constants) are equal, nearest to the hand-over: (P - 1, B) in the variable, NaN where they do not cross in
/// either's region.
at::Tensor crossovers(const Trained& trained);

/// Largest error of the unknowns over their magnitudes that follows from node-value corrections on `grid`,
/// (B).
at::Tensor relative_change(const Trained& trained, const Grid& grid, const std::vector<Nodal>& nodes,
                           const std::vector<Nodal>& corrections);

/// Largest difference of the unknowns over the magnitudes of `state`, per point (B).
at::Tensor relative_difference(const problem::System& system, const Tensors& theta, const at::Tensor& t,
                               const Tensors& state, const Tensors& unknowns);

/// (B) bool: some frame is degenerate on its trained region.
at::Tensor degenerate(const Trained& trained);

}  // namespace gluesweep::training
