#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "gluesweep/training/grid.hpp"

namespace gluesweep::training {

/// Node values of all patches and which points got them.
struct March {
  std::vector<Nodal> nodes;  ///< per patch
  at::Tensor solved;         ///< (B) bool: every element's Newton iteration converged
  at::Tensor steps;  ///< (B) int32: Newton steps, of the element that took most or of all elements together
};

/// Solves equation (1) element by element in the frames, all points of the batch at once: Newton on each
/// element's n s collocation unknowns, hand-over by inverting the next frame at the start of its region.
/// Needs all conditions at the start. The heads are fitted to what it finds: starting from constants instead,
/// a network gets stuck on most nonlinear problems.
March march(const problem::System& system, const Tensors& theta, const Grid& grid,
            const problem::Matching& matching);

/// One Newton step for all elements, patches and conditions at once: the node-value corrections that solve
/// the linearised collocation equations of `grid` around given node values,
///   d_i - d_0 - h sum_j A_ij (dG/dC)_j d_j = -defect_i,
/// with the linearised glue between patches and the linearised conditions. Iterated, it solves two-point
/// problems; taken once on a finer grid, it is an estimate of the error of the values (an exact one but for
/// the square of the error and the discretisation error of the finer grid).
std::vector<Nodal> newton_correction(const problem::System& system, const Tensors& theta,
                                     const problem::Regions& regions, const Grid& grid,
                                     const std::vector<Nodal>& nodes);

/// The start for conditions at both ends: Newton corrections from the matching constants.
March relax(const problem::System& system, const Tensors& theta, const problem::Regions& regions,
            const Grid& grid, const problem::Matching& matching);

}  // namespace gluesweep::training
