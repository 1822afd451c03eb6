#pragma once

#include <ATen/ATen.h>

namespace gluesweep::emulator {

/// Places and what stands there: (N, p), (N, q). NaN in a target: that place says nothing about that column.
struct Samples {
  at::Tensor z, targets;
};

/// A polynomial whose columns have degrees of their own: column q uses the first terms[q] exponents.
struct PolynomialChoice {
  at::Tensor exponents;  ///< (T, p)
  at::Tensor terms;      ///< (q) int64
  at::Tensor errors;     ///< (q) root mean square over the validation samples
};

/// For every column the smallest total degree whose error on the validation samples is close to the least of
/// all degrees, or below `tolerance`.
PolynomialChoice choose_polynomial(const Samples& training, const Samples& validation, double tolerance);

/// Its coefficients (T, q) by least squares; 0 for terms that a column does not use.
at::Tensor fit_polynomial(const Samples& samples, const PolynomialChoice& choice);

}  // namespace gluesweep::emulator
