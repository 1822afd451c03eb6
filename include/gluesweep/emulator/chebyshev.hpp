#pragma once

#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

#include "gluesweep/emulator/regression.hpp"

namespace gluesweep::emulator {

/// Exponents (T, p), float64, of all products of Chebyshev polynomials with sum_j e_j / stretch_j <= degree,
/// in the order of that sum: those of a smaller degree come first.
at::Tensor total_degree_exponents(double degree, const std::vector<double>& stretch);

/// prod_j T_{exponents[t, j]}(z_j): z (B, p) -> (B, T).
at::Tensor chebyshev_basis(const at::Tensor& z, const at::Tensor& exponents);

/// Polynomials fitted by least squares in nested spaces, the first terms of a list of exponents (T, p): one
/// orthogonal basis serves them all. Terms that the places do not determine, such as the fourth power on
/// three places, are left out.
class NestedLeastSquares {
 public:
  NestedLeastSquares(const at::Tensor& z, at::Tensor exponents);  ///< (N, p)

  /// Which terms are kept: their places in the list, (T'), int64, increasing.
  const at::Tensor& kept() const { return kept_; }

  /// Targets (N, q) in the orthogonal basis: (T', q). Its first rows belong to the smaller spaces.
  at::Tensor projected(const at::Tensor& targets) const;

  /// The orthogonal basis elsewhere: (B, p) -> (B, T').
  at::Tensor basis(const at::Tensor& z) const;

  /// Polynomial coefficients (T, q) of what is given in the orthogonal basis.
  at::Tensor coefficients(const at::Tensor& projected) const;

 private:
  at::Tensor exponents_, kept_, orthogonal_, triangular_;
};

/// sum_t coefficients[t, q] prod_j T_{exponents[t, j]}(z_j).
class Chebyshev final : public Regression {
 public:
  Chebyshev(at::Tensor exponents, at::Tensor coefficients);  ///< (T, p), (T, q)

  std::string kind() const override { return "chebyshev"; }
  at::Tensor operator()(const at::Tensor& z) const override;
  std::vector<std::pair<std::string, at::Tensor>> arrays() const override;

 private:
  at::Tensor exponents_, coefficients_;
};

}  // namespace gluesweep::emulator
