#pragma once

#include <ATen/ATen.h>

#include "gluesweep/network/layer_statistics.hpp"
#include "gluesweep/network/mean_field.hpp"
#include "gluesweep/network/random_layers.hpp"

namespace gluesweep::network {

/// Random networks of several sigma_w on both sides of the transition at a given sigma_b, S in all, and what
/// is seen of it after D depths L = 4, 8, ... layers.
struct FiniteDepth {
  at::Tensor sigma_w;    ///< (S), ascending
  at::Tensor depth;      ///< (D)
  Estimates log_growth;  ///< (S, D): ln of how much the square of a small change has grown after L layers
  Estimates difference;  ///< (S, D): 1 - c of two inputs that began with c = 0.5

  /// Where small changes neither grow nor die, found from log_growth; and the exponent of
  /// the depth scale xi ~ |sigma_w - critical|^-nu: at the transition the slope of log_growth by ln sigma_w
  /// grows with the depth as L^(1 / nu).
  /// NaN where the transition is not within the sigma_w.
  Estimate critical_sigma_w;
  Estimate nu;
};

/// Measures around `expected`, a guess of the critical sigma_w that may be wrong by 10%. `depth` is the
/// largest, at least 8. All sigma_w see the same random numbers.
FiniteDepth finite_depth_scaling(Activation activation, double expected, double sigma_b, int depth,
                                 const Sampling& sampling);

}  // namespace gluesweep::network
