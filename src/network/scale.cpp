#include "gluesweep/network/scale.hpp"

#include <vector>

#include "gluesweep/network/network_kernels.hpp"
#include "gluesweep/problem/kernels.hpp"
#include "gluesweep/problem/work.hpp"

namespace gluesweep::network {
namespace {

using at::Tensor;

Tensor chebyshev(const Tensor& xi) {  // (...) -> (..., terms)
  std::vector<Tensor> values{at::ones_like(xi), xi};
  while (values.size() < Scale::terms) values.push_back(2.0 * xi * values.back() - values[values.size() - 2]);
  return at::stack(values, -1);
}

Tensor chebyshev_slope(const Tensor& xi) {  // (...) -> (..., terms): T_j'
  const auto values = chebyshev(xi);
  std::vector<Tensor> slopes{at::zeros_like(xi), at::ones_like(xi)};
  while (slopes.size() < Scale::terms) {
    const auto before = static_cast<std::int64_t>(slopes.size()) - 1;
    slopes.push_back(2.0 * (values.select(-1, before) + xi * slopes.back()) - slopes[slopes.size() - 2]);
  }
  return at::stack(slopes, -1);
}

/// sum_j a_kj basis_j for a basis (m, terms) or (B, m, terms).
Tensor combined(const Tensor& coefficients, const Tensor& basis) {
  return basis.dim() == 2 ? at::matmul(coefficients, basis.t())
                          : at::bmm(coefficients, basis.transpose(1, 2));
}

Tensor at_on_lanes(const Tensor& coefficients, const Tensor& xi) {
  const auto points = coefficients.size(0), n = coefficients.size(1), places = xi.size(-1);
  const auto from = coefficients.contiguous(), at_xi = xi.contiguous();
  const bool own_places = xi.dim() == 2;
  Tensor result = at::empty({points, n, places}, coefficients.options());
  const auto *series = from.data_ptr<double>(), *x = at_xi.data_ptr<double>();
  auto* to = result.data_ptr<double>();
  const auto values = static_cast<double>(result.numel());
  problem::count_work({values * 3.0 * Scale::terms, 0.0, values, 0.0, 0.0, 0.0});
  for (std::int64_t row = 0; row < points * n; ++row) {
    network_kernels().scales(series + row * Scale::terms, Scale::terms, own_places ? x + row / n * places : x,
                             places, to + row * places);
  }
  return result;
}

}  // namespace

Scale Scale::fit(const Tensor& sizes, const Tensor& xi) {
  const auto basis = chebyshev(xi);  // (m, terms)
  const auto inverse = at::linalg_pinv(basis, 1e-12);
  // Not a matrix product: a constant's scale must not depend, to the last bit, on how many there are.
  return {(sizes.log().unsqueeze(-2) * inverse).sum(-1)};
}

Tensor Scale::at(const Tensor& xi) const {
  if (problem::on_kernels(xi)) return at_on_lanes(coefficients, xi);
  return combined(coefficients, chebyshev(xi)).exp();
}

Tensor Scale::log_slope(const Tensor& xi) const { return combined(coefficients, chebyshev_slope(xi)); }

}  // namespace gluesweep::network
