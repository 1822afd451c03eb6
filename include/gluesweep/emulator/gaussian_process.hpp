#pragma once

#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

#include "gluesweep/emulator/regression.hpp"

namespace gluesweep::emulator {

/// The mean of a Gaussian process around a polynomial: poly(z) + sum_i weights[i, q] k(z, places_i) with
/// k = exp(-1/2 sum_j ((z_j - places_ij) / lengths_j)^2). (Rasmussen and Williams, Gaussian Processes for
/// Machine Learning, section 2.2.)
class GaussianProcess final : public Regression {
 public:
  struct Kernel {
    at::Tensor places;   ///< (N, p)
    at::Tensor lengths;  ///< (p)
    at::Tensor weights;  ///< (N, q)
  };
  GaussianProcess(Kernel kernel, at::Tensor exponents, at::Tensor coefficients);

  std::string kind() const override { return "gaussian_process"; }
  at::Tensor operator()(const at::Tensor& z) const override;
  std::vector<std::pair<std::string, at::Tensor>> arrays() const override;

 private:
  Kernel kernel_;
  at::Tensor exponents_, coefficients_;
};

/// k of two sets of places (N, p) and (M, p): (N, M).
at::Tensor squared_exponential(const at::Tensor& a, const at::Tensor& b, const at::Tensor& lengths);

/// What the marginal likelihood is largest for.
struct KernelChoice {
  at::Tensor lengths;  ///< (p)
  double noise = 0.0;  ///< variance over that of the process
};

/// Maximises the marginal likelihood of targets (N, q), each of its own variance but of common lengths and
/// noise.
KernelChoice choose_kernel(const at::Tensor& z, const at::Tensor& targets);

/// The weights for targets (N, q) that are the residuals of the polynomial.
GaussianProcess::Kernel fit_kernel(const at::Tensor& z, const at::Tensor& targets,
                                   const KernelChoice& choice);

}  // namespace gluesweep::emulator
