#pragma once

#include <ATen/ATen.h>

#include <optional>
#include <vector>

#include "gluesweep/training/grid.hpp"

namespace gluesweep::training {

/// What equation (1) is linearised around; all borrowed.
struct Linearisation {
  const problem::System& system;
  const Tensors& theta;
  const problem::Regions& regions;
  const Grid& grid;
  const std::vector<Nodal>& nodes;  ///< per patch
};

/// What drives the linearised equations, m right-hand sides at once.
class RightSides {
 public:
  virtual ~RightSides() = default;
  virtual std::int64_t columns() const = 0;  ///< m

  /// In the collocation equations of a patch's elements, (B, E, n, s, m); none: the negative defects of the
  /// node values themselves (m = 1).
  virtual std::optional<at::Tensor> in_elements(int patch) const = 0;

  /// What the frame of a patch has at t (B, 1) where its constants stay: (B, n, m). Neighbours must agree at
  /// a hand-over when what their constants change is added.
  virtual at::Tensor in_state(int patch, const at::Tensor& t, const Tensors& constants,
                              const problem::Frame::Response& response) const = 0;

  /// What the state must have where a condition of the system stands, (B, m).
  virtual at::Tensor in_condition(std::size_t condition) const = 0;
};

/// Solves the linearised collocation equations
///   d_i - d_0 - h sum_j A_ij (dG/dC)_j d_j = source_i
/// of all elements, hand-overs and conditions: d at the nodes, per patch (B, N, n, m).
Tensors solve_linearised(const Linearisation& at_values, const RightSides& right_sides);

/// Solves J x = right, (B, n, m), for J given as n*n tensors (B, 1), with rows of unit size: components of
/// the state may differ by many decades.
at::Tensor relative_solve(const Tensors& jacobian, const at::Tensor& right);

}  // namespace gluesweep::training
