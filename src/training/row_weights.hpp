#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "gluesweep/problem/matching.hpp"
#include "gluesweep/training/solution.hpp"

namespace gluesweep::training {

/// Glue rows per overlap and state component.
constexpr int glue_points = 8;

/// Places of the glue between patches p and p + 1 in x, (B, glue_points).
at::Tensor glue_places(const problem::Regions& regions, int patch);

/// What a unit of each constant matters around some places of a frame, the largest of its weights there: n
/// tensors like the weights (B, m), 1 where nothing is known.
problem::Tensors local_weights(const problem::Frame::Response& response);

/// What a relative change of one in the solution, made through each constant, does to a state component: the
/// scale of glue and condition rows. `rho` are local weights.
at::Tensor row_scale(const problem::Frame::Response& response, const problem::Tensors& rho, int component);

/// Largest of the finite absolute values along the places, (B, m) -> (B, 1).
at::Tensor largest_finite(const at::Tensor& values);

/// The state of conventional matching at places spread over the whole domain, n tensors (B, m).
problem::Tensors matched_over_domain(const problem::System& system, const Points& points);

/// Error scales of all state components of a solution: of an unknown its magnitude, though not below a
/// thousandth of that of conventional matching at the place, for it may cross zero; of a derivative that of
/// its unknown in proportion to their sizes in conventional matching. For rows that belong to the state
/// itself.
class StateScales {
 public:
  StateScales(const problem::System& system, const Points& points);

  at::Tensor at(const at::Tensor& t, const problem::Tensors& state) const;  ///< (B, M) each -> (B, n, M)

 private:
  const problem::System& system_;  // borrowed
  Points points_;
  std::vector<int> unknown_;     // of each component
  problem::Tensors proportion_;  // n (B, 1)
};

}  // namespace gluesweep::training
