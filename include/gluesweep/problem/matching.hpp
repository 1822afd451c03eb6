#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "gluesweep/problem/system.hpp"

namespace gluesweep::problem {

/// Where each point's patches hold, in x (the variable or its logarithm). Patch p owns
/// [hand_over(p-1), hand_over(p)] and is trained on that plus the overlaps on both sides.
struct Regions {
  at::Tensor edge;     ///< (B, P+1): domain start, hand-overs, domain end; strictly increasing
  at::Tensor overlap;  ///< (B, P-1): half-width of the overlap at each hand-over

  at::Tensor start(int patch) const;  ///< (B, 1) of the trained region
  at::Tensor end(int patch) const;    ///< (B, 1)
  at::Tensor own_start(int patch) const { return edge.narrow(1, patch, 1); }
  at::Tensor own_end(int patch) const { return edge.narrow(1, patch + 1, 1); }

  /// Which patch owns x (B, m): boolean (B, m).
  at::Tensor owned(int patch, const at::Tensor& x) const;
};

inline constexpr double smallest_share = 1.0e-4;  ///< of the domain, for each patch

/// The job's hand-overs, kept inside the domain and in order: each patch keeps at least 1e-4 of the
/// domain, so that all points of a block have all patches even where one of them hardly matters.
Regions make_regions(const System& system, const Tensors& theta);

/// Conventional matching: constants that are constant, the state continuous at each hand-over and the
/// conditions met. The baseline that the coefficient functions are compared with, and their starting guess.
struct Matching {
  std::vector<Tensors> constants;  ///< per patch n tensors (B, 1)
  at::Tensor solved;               ///< (B) bool: the equations for the constants were solved
};
Matching match(const System& system, const Tensors& theta, const Regions& regions);

/// The state of the matched solution at t (B, m): n tensors.
Tensors matched_state(const System& system, const Tensors& theta, const Regions& regions,
                      const Matching& matching, const at::Tensor& t);

}  // namespace gluesweep::problem
