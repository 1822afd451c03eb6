#include "gluesweep/network/elements.hpp"

#include <cmath>
#include <vector>

#include "gluesweep/network/network_kernels.hpp"
#include "gluesweep/problem/kernels.hpp"
#include "gluesweep/problem/work.hpp"

namespace gluesweep::network {
namespace {

/// P_n and P_{n-1} at x.
std::pair<double, double> legendre(int n, double x) {
  double current = 1.0, previous = 0.0;
  for (int k = 1; k <= n; ++k) {
    const double next = ((2 * k - 1) * x * current - (k - 1) * previous) / k;
    previous = current;
    current = next;
  }
  return {current, previous};
}

/// Roots in (-1, 1) of a function that changes sign once between neighbouring samples.
template <class F>
std::vector<double> roots(F&& f) {
  constexpr int samples = 4001;  // odd: the root 0 falls between two of them
  std::vector<double> found;
  double a = -1.0 + 1.0e-9;
  for (int i = 1; i <= samples; ++i) {
    const double b = -1.0 + 2.0 * i / samples - (i == samples ? 1.0e-9 : 0.0);
    double low = a, high = b;
    if (f(low) * f(high) < 0.0) {
      for (int k = 0; k < 100; ++k) {
        const double middle = 0.5 * (low + high);
        (f(low) * f(middle) <= 0.0 ? high : low) = middle;
      }
      found.push_back(0.5 * (low + high));
    }
    a = b;
  }
  return found;
}

/// Right-Radau nodes on (0, 1]: the roots of P_s - P_{s-1}.
std::vector<double> radau_nodes(int s) {
  auto inner = roots([s](double x) {
    const auto [p, q] = legendre(s, x);
    return (p - q) / (1.0 - x);  // without the root at 1
  });
  std::vector<double> nodes;
  for (const double x : inner) nodes.push_back(0.5 * (x + 1.0));
  nodes.push_back(1.0);
  return nodes;
}

double lagrange(const std::vector<double>& nodes, std::size_t j, double x) {
  double product = 1.0;
  for (std::size_t k = 0; k < nodes.size(); ++k) {
    if (k != j) product *= (x - nodes[k]) / (nodes[j] - nodes[k]);
  }
  return product;
}

}  // namespace

Elements::Elements(int count_, int nodes_) : count(count_), nodes(nodes_), width(2.0 / count_) {
  const auto c = radau_nodes(nodes);
  const auto s = c.size();
  const auto gauss = roots([this](double x) { return legendre(nodes, x).first; });
  integration = at::zeros({nodes, nodes}, at::kDouble);
  auto a = integration.accessor<double, 2>();
  for (std::size_t i = 0; i < s; ++i) {
    for (std::size_t j = 0; j < s; ++j) {
      double sum = 0.0;  // Gauss quadrature is exact here
      for (const double g : gauss) {
        const auto [p, q] = legendre(nodes, g);
        const double slope = nodes * (g * p - q) / (g * g - 1.0);
        const double weight = 1.0 / ((1.0 - g * g) * slope * slope);  // on [0, 1]
        sum += weight * lagrange(c, j, c[i] * 0.5 * (g + 1.0));
      }
      a[static_cast<int>(i)][static_cast<int>(j)] = c[i] * sum;
    }
  }
  std::vector<double> all{0.0};
  all.insert(all.end(), c.begin(), c.end());
  abscissae = at::tensor(all, at::kDouble);
  continuation = at::zeros({nodes, nodes + 1}, at::kDouble);
  auto beyond = continuation.accessor<double, 2>();
  for (std::size_t i = 0; i < s; ++i) {
    for (std::size_t j = 0; j < all.size(); ++j) {
      beyond[static_cast<std::int64_t>(i)][static_cast<std::int64_t>(j)] = lagrange(all, j, 1.0 + c[i]);
    }
  }
  std::vector<double> xs{-1.0};
  for (int e = 0; e < count; ++e) {
    for (const double x : c) xs.push_back(-1.0 + width * (e + x));
  }
  xs.back() = 1.0;
  xi = at::tensor(xs, at::kDouble);
}

Elements Elements::to(const at::Device& device) const {
  Elements copy = *this;
  copy.xi = xi.to(device);
  copy.integration = integration.to(device);
  copy.abscissae = abscissae.to(device);
  copy.continuation = continuation.to(device);
  return copy;
}

at::Tensor Elements::left(const at::Tensor& values) const { return values.slice(-1, 0, size() - 1, nodes); }

at::Tensor Elements::inner(const at::Tensor& values) const {
  return values.slice(-1, 1).unflatten(-1, {count, nodes});
}

at::Tensor Elements::integrate(const at::Tensor& values) const {
  return at::matmul(inner(values), integration.t()) * width;
}

at::Tensor Elements::slopes(const at::Tensor& values) const {
  // The polynomial is the integral of its slope, and integration is exact for it.
  const auto differences = inner(values) - left(values).unsqueeze(-1);
  return at::matmul(differences, at::linalg_inv(integration).t()) / width;
}

at::Tensor Elements::defect(const at::Tensor& values, const at::Tensor& slopes) const {
  return inner(values) - left(values).unsqueeze(-1) - integrate(slopes);
}

at::Tensor Elements::interpolate(const at::Tensor& values, const at::Tensor& where) const {
  if (values.dim() == 2) return interpolate(values.unsqueeze(1), where).squeeze(1);
  const auto c = abscissae.to(at::kCPU);
  const auto* nodes_at = c.data_ptr<double>();
  std::vector<double> inverse_products;
  for (int j = 0; j <= nodes; ++j) {
    double product = 1.0;
    for (int k = 0; k <= nodes; ++k) product *= k == j ? 1.0 : nodes_at[j] - nodes_at[k];
    inverse_products.push_back(1.0 / product);
  }
  if (problem::on_kernels(values)) {
    const auto points = values.size(0), rows = values.size(1), places = where.size(1);
    const auto from = values.contiguous(), xi_at = where.expand({points, places}).contiguous();
    at::Tensor result = at::empty({points, rows, places}, values.options());
    const auto at_places = static_cast<double>(points * places * (nodes + 1));
    problem::count_work({at_places * (5.0 + 2.0 * static_cast<double>(rows)), 0.0, 0.0, 0.0, 0.0, 0.0});
    for (std::int64_t point = 0; point < points; ++point) {
      network_kernels().interpolate(count, nodes, nodes_at, inverse_products.data(),
                                    from.data_ptr<double>() + point * rows * size(), static_cast<int>(rows),
                                    xi_at.data_ptr<double>() + point * places, places, places,
                                    result.data_ptr<double>() + point * rows * places);
    }
    return result;
  }
  // Where nothing is, the result is undefined, but an index must not be.
  const auto element = ((where + 1.0) / width).floor().nan_to_num(0.0).clamp(0, count - 1);
  const auto local = (where + 1.0) / width - element;
  const auto first = (element * nodes).to(at::kLong).unsqueeze(1).expand({-1, values.size(1), -1});
  at::Tensor sum = at::zeros_like(first, values.options());
  for (int j = 0; j <= nodes; ++j) {
    at::Tensor basis = at::full_like(where, inverse_products[static_cast<std::size_t>(j)]);
    for (int k = 0; k <= nodes; ++k) {
      if (k != j) basis = basis * (local - nodes_at[k]);
    }
    sum = sum + basis.unsqueeze(1) * values.gather(2, first + j);
  }
  return sum;
}

}  // namespace gluesweep::network
