#include "gluesweep/network/scale.hpp"

#include <vector>

namespace gluesweep::network {
namespace {

using at::Tensor;

Tensor chebyshev(const Tensor& xi) {  // (...) -> (..., terms)
  std::vector<Tensor> values{at::ones_like(xi), xi};
  while (values.size() < Scale::terms) values.push_back(2.0 * xi * values.back() - values[values.size() - 2]);
  return at::stack(values, -1);
}

}  // namespace

Scale Scale::fit(const Tensor& sizes, const Tensor& xi) {
  const auto basis = chebyshev(xi);  // (m, terms)
  const auto inverse = at::linalg_pinv(basis, 1e-12);
  return {at::matmul(sizes.log(), inverse.t())};
}

Tensor Scale::at(const Tensor& xi) const {
  const auto basis = chebyshev(xi);
  const auto logarithm =
      xi.dim() == 1 ? at::matmul(coefficients, basis.t()) : at::bmm(coefficients, basis.transpose(1, 2));
  return logarithm.exp();
}

}  // namespace gluesweep::network
