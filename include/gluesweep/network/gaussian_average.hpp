#pragma once

#include <ATen/ATen.h>

namespace gluesweep::network {

/// Quadrature for averages over Gaussian variables, sum_i weight_i f(z_i). All activations have their kink or
/// their steepest place at a preactivation of zero, so the rules are divided there and converge exponentially
/// on either side: Gauss-Legendre rules up to 9.5 standard deviations, beyond which 1e-20 of the weight lies.
struct GaussianRule {
  at::Tensor z;       ///< standard normal
  at::Tensor weight;  ///< of the same shape, of sum 1
};

/// One variable: (n). Accurate to 1e-13 for tanh and the like up to a preactivation variance of some 1,000.
const GaussianRule& gaussian_rule();

/// Two standard normal variables of correlation c in [-1, 1].
struct GaussianPairRule {
  at::Tensor first, second;  ///< (4, m, n): in polar coordinates, whose sectors end where one of them is zero
  at::Tensor weight;         ///< (4, m, n)
};
GaussianPairRule gaussian_pair_rule(double correlation);

}  // namespace gluesweep::network
