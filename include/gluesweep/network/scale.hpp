#pragma once

#include <ATen/ATen.h>

namespace gluesweep::network {

/// The natural size of each constant along a patch: C_k(xi) = exp(sum_j a_kj T_j(xi)) N_k(xi), N_k the
/// network and T_j Chebyshev polynomials. A constant that matters by 1e-12 at one end of its region and by 1
/// at the other is then represented to the same relative accuracy of the solution everywhere.
struct Scale {
  static constexpr int terms = 7;

  at::Tensor coefficients;  ///< (B, n, terms): a_kj

  /// The scale whose logarithm fits that of sizes (B, n, m) > 0 at places xi (m) by least squares.
  static Scale fit(const at::Tensor& sizes, const at::Tensor& xi);

  at::Tensor at(const at::Tensor& xi) const;  ///< xi (m) or (B, m) -> (B, n, m)

  at::Tensor log_slope(const at::Tensor& xi) const;  ///< d log(scale) / dxi, the same shapes
};

}  // namespace gluesweep::network
