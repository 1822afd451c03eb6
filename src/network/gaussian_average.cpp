#include "gluesweep/network/gaussian_average.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace gluesweep::network {
namespace {

using at::Tensor;

constexpr double reach = 9.5;  // standard deviations
constexpr int line_nodes = 256;
constexpr int radius_nodes = 160;
constexpr int angle_nodes = 80;

/// Nodes and weights on [0, 1].
struct Interval {
  Tensor x, weight;
};

/// Gauss-Legendre by Newton's iteration from the usual guess (Abramowitz and Stegun 22.16.6).
Interval gauss_legendre(int n) {
  Interval rule{at::empty({n}, at::kDouble), at::empty({n}, at::kDouble)};
  auto* x = rule.x.data_ptr<double>();
  auto* weight = rule.weight.data_ptr<double>();
  for (int i = 0; i < n; ++i) {
    double t = std::cos(M_PI * (i + 0.75) / (n + 0.5)), slope = 1.0;
    for (int iteration = 0; iteration < 8; ++iteration) {
      double current = 1.0, previous = 0.0;
      for (int k = 1; k <= n; ++k) {
        const double next = ((2 * k - 1) * t * current - (k - 1) * previous) / k;
        previous = current;
        current = next;
      }
      slope = n * (t * current - previous) / (t * t - 1.0);
      t -= current / slope;
    }
    x[i] = 0.5 * (1.0 - t);
    weight[i] = 1.0 / ((1.0 - t * t) * slope * slope);
  }
  return rule;
}

/// Radii with the weights r exp(-r^2 / 2) dr, of sum 1.
Interval radii() {
  auto rule = gauss_legendre(radius_nodes);
  rule.x *= reach;
  rule.weight *= rule.x * (-0.5 * rule.x.square()).exp();
  rule.weight /= rule.weight.sum();
  return rule;
}

}  // namespace

const GaussianRule& gaussian_rule() {
  static const GaussianRule rule = [] {
    const auto half = gauss_legendre(line_nodes);
    const Tensor z = reach * half.x;
    const Tensor weight = half.weight * (-0.5 * z.square()).exp();
    const Tensor both = at::cat({weight, weight});
    return GaussianRule{at::cat({-z, z}), both / both.sum()};
  }();
  return rule;
}

GaussianPairRule gaussian_pair_rule(double correlation) {
  static const Interval angle = gauss_legendre(angle_nodes), radius = radii();
  const double between = std::acos(std::clamp(correlation, -1.0, 1.0));
  const double quarter = M_PI / 2.0;
  const std::array<double, 5> ends{-quarter, between - quarter, quarter, between + quarter, 3.0 * quarter};
  std::vector<Tensor> angles, weights;
  for (std::size_t sector = 0; sector + 1 < ends.size(); ++sector) {
    const double width = ends[sector + 1] - ends[sector];
    angles.push_back(ends[sector] + width * angle.x);
    weights.push_back(width / (2.0 * M_PI) * angle.weight);
  }
  const Tensor theta = at::stack(angles).unsqueeze(-1);  // (4, m, 1)
  return {radius.x * theta.cos(), radius.x * (theta - between).cos(),
          at::stack(weights).unsqueeze(-1) * radius.weight};
}

}  // namespace gluesweep::network
