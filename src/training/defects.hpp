#pragma once

#include <ATen/ATen.h>

#include <cmath>

#include "gluesweep/training/solution.hpp"
#include "row_weights.hpp"

namespace gluesweep::training {

inline constexpr double tie_weight = 10.0;  ///< of glue and condition rows against defects
inline const double glue_weight = tie_weight / std::sqrt(static_cast<double>(glue_points));

/// What an error made in an element costs, (B, n, N) -> (B, n, E): the largest weight of the constant
/// wherever the error is carried, which is to the end of the patch, or both ways where not all conditions
/// stand at the start. Per element, so that the zeros of an oscillation do not count.
at::Tensor carried_weight(const problem::System& system, const network::Elements& elements,
                          const at::Tensor& weight);

/// How far node values of one patch are from solving equation (1) on its elements.
struct PatchDefects {
  Tensors defects;  ///< n (B, E, s): in relative change of the solution, stiff rows divided by 1 + h |dG/dC|
  at::Tensor weight;       ///< (B, n, E) of the rows
  at::Tensor sensitivity;  ///< (B, n, E): relative change of the solution per unit of a constant
  at::Tensor jacobian;     ///< (B, n, n, E, s): dG/dC dt/dxi
};
PatchDefects patch_defects(const problem::System& system, const Tensors& theta,
                           const network::Elements& elements, int patch, const PatchGrid& grid,
                           const Nodal& values);

/// Weights of the rows in an overlap, (B, n, m), from the frame on its right.
at::Tensor glue_factors(const problem::Frame::Response& right);

/// Weight of the row of a condition, (B, 1); mask is 1 where the patch owns its place.
at::Tensor condition_factor(const problem::Frame::Response& response, int component, const at::Tensor& mask);

/// Largest defect, gap in an overlap and error of a condition of trained networks, relative to the solution,
/// (B).
at::Tensor largest_defect(const problem::System& system, const Points& points, const Grid& grid,
                          const CoefficientNetworks& networks);

}  // namespace gluesweep::training
