#include "gluesweep/emulator/tables.hpp"

#include <algorithm>
#include <cmath>

namespace gluesweep::emulator {
namespace {

using at::Tensor;

constexpr std::int64_t element_counts[] = {4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256};
constexpr double pi = 3.14159265358979323846;
constexpr int checks = 7;  // places an element at which a table is compared with the trunk

/// Chebyshev points of [-1, 1].
Tensor chebyshev_points(int count) {
  Tensor points = at::empty({count}, at::kDouble);
  for (int i = 0; i < count; ++i) points[i] = -std::cos(pi * (2.0 * i + 1.0) / (2.0 * count));
  return points;
}

/// (count, terms): u^0, u^1, ...
Tensor powers(const Tensor& u) {
  std::vector<Tensor> columns{at::ones_like(u)};
  while (columns.size() < Tables::terms) columns.push_back(columns.back() * u);
  return at::stack(columns, 1);
}

/// Values at Chebyshev points to coefficients of powers, (terms, terms): by way of Chebyshev polynomials,
/// whose own coefficients are whole numbers.
Tensor to_powers() {
  constexpr int n = Tables::terms;
  Tensor transform = at::empty({n, n}, at::kDouble), polynomials = at::zeros({n, n}, at::kDouble);
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < n; ++i) {
      const double angle = pi - pi * (2.0 * i + 1.0) / (2.0 * n);
      transform[j][i] = (j == 0 ? 1.0 : 2.0) / n * std::cos(j * angle);
    }
  }
  polynomials[0][0] = 1.0;
  polynomials[1][1] = 1.0;
  for (int j = 2; j < n; ++j) {
    polynomials[j].slice(0, 1).copy_(2.0 * polynomials[j - 1].slice(0, 0, n - 1));
    polynomials[j].sub_(polynomials[j - 2]);
  }
  return at::matmul(polynomials.t(), transform);
}

/// xi of places u (m) in each of `elements` elements: (elements m).
Tensor places(std::int64_t elements, const Tensor& u) {
  const auto number = at::arange(elements, at::kDouble).unsqueeze(1);
  return ((number + 0.5 * (u.unsqueeze(0) + 1.0)) * (2.0 / static_cast<double>(elements)) - 1.0).flatten();
}

struct Table {
  Tensor coefficients;  // (r, elements, n, terms)
  double error;
};

/// head (r, F, n) on equal elements.
Table tabulate(const network::Trunk& trunk, const Tensor& head, const Tensor& weights,
               std::int64_t elements) {
  const auto rows = head.size(0), n = head.size(2);
  const auto on = [&](const Tensor& u) {  // (r, n, elements, m)
    const auto features = trunk.features(places(elements, u));
    return at::matmul(features, head).transpose(1, 2).reshape({rows, n, elements, u.size(0)});
  };
  const auto values = on(chebyshev_points(Tables::terms));
  const auto coefficients = at::matmul(values, to_powers().t());  // (r, n, elements, terms)
  const auto u = at::linspace(-1.0, 1.0, checks, at::kDouble);
  const auto misses = (at::matmul(coefficients, powers(u).t()) - on(u)).abs().flatten(1).amax(1);
  return {coefficients.transpose(1, 2).contiguous(), (misses * weights).sum().item<double>()};
}

/// The coarsest table within the tolerance. Where rounding forbids it, none is twice as good as the one
/// taken.
Table choose_table(const network::Trunk& trunk, const Tensor& head, const Tensor& weights, double tolerance) {
  constexpr std::size_t patience = 3;  // finer tables that were no better: what is left is rounding
  std::vector<Table> tables;
  double least = INFINITY;
  std::size_t best = 0;
  for (const auto elements : element_counts) {
    tables.push_back(tabulate(trunk, head, weights, elements));
    if (tables.back().error < 0.5 * least) {
      least = tables.back().error;
      best = tables.size() - 1;
    }
    if (least <= tolerance || tables.size() - 1 == best + patience) break;
  }
  return tables[best];
}

}  // namespace

Tables::Tables(const network::Trunk& trunk, const Tensor& heads, const Tensor& weights, std::int64_t patches,
               std::int64_t constants, double tolerance) {
  const auto n = constants / patches;
  const auto matrices = heads.reshape({heads.size(0), trunk.size(), constants});
  std::vector<Tensor> parts;
  std::int64_t next = 0;
  for (std::int64_t p = 0; p < patches; ++p) {
    const auto table = choose_table(trunk, matrices.narrow(2, p * n, n), weights, tolerance);
    patches_.push_back({table.coefficients.size(1), next});
    parts.push_back(table.coefficients.flatten(1));
    next += parts.back().size(1);
    error_ = std::max(error_, table.error);
  }
  rows_ = at::cat(parts, 1).contiguous();
}

}  // namespace gluesweep::emulator
