#include "gluesweep/network/criticality.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace gluesweep::network {
namespace {

using at::Tensor;

// ln (sigma_w / expected) of the networks.
constexpr std::array<double, 10> offsets{-0.4, -0.3, -0.2, -0.14, -0.09, -0.05, 0.0, 0.05, 0.1, 0.18};
constexpr int fitted_points = 5;           // around the transition
constexpr double well_ordered = -0.03;     // ln growth a layer, below which a network is taken for ordered
constexpr int changes = 4;                 // small changes of an input that are followed
constexpr double shortest_input = 1.0e-8;  // squared, where the fixed length is 0
constexpr double longest_input = 1.0;      // where it is infinite
constexpr double first_correlation = 0.5;

/// Two inputs of correlation 0.5 and small changes of the first.
struct Bundle {
  Tensor pair, change;  ///< (S, 2, width), (S, changes, width)
};

class Transition {
 public:
  Transition(Activation activation, double expected, double sigma_b) : activation_(activation) {
    std::vector<double> sizes, lengths;
    for (const double offset : offsets) {
      sizes.push_back(expected * std::exp(offset));
      const MeanField theory(activation, {sizes.back() * sizes.back(), sigma_b * sigma_b});
      const double length = theory.fixed_length();
      lengths.push_back(std::isinf(length) ? longest_input : std::max(length, shortest_input));
    }
    sigma_w = at::tensor(sizes, at::kDouble);
    sigma_b_ = sigma_b;
    length_ = at::tensor(lengths, at::kDouble).view({-1, 1, 1});
  }

  /// ln of the growth, and 1 - c, of one network for each sigma_w after each depth: (2, S, D).
  Tensor draw(const std::vector<int>& depths, const Sampling& sampling, int number) const {
    RandomLayers network(sampling, number);
    Bundle bundle = start(network, sampling.width);
    std::vector<Tensor> growth, difference;
    Tensor sum = at::zeros_like(sigma_w);
    for (int layer = 1; layer <= depths.back(); ++layer) {
      bundle = next(bundle, network);
      const Tensor size = bundle.change.square().sum(-1, true);
      sum = sum + size.log().mean({1, 2});
      bundle.change = bundle.change / size.sqrt();
      if (std::find(depths.begin(), depths.end(), layer) == depths.end()) continue;
      growth.push_back(sum);
      difference.push_back(1.0 - overlap(bundle.pair.select(1, 0), bundle.pair.select(1, 1)));
    }
    return at::stack({at::stack(growth, 1), at::stack(difference, 1)});
  }

  Tensor sigma_w;  ///< (S)

 private:
  Bundle start(RandomLayers& network, std::int64_t width) const {
    const Tensor shared = network.normal({1, 1, width}), own = network.normal({1, 1, width});
    const Tensor second =
        first_correlation * shared + std::sqrt(1.0 - first_correlation * first_correlation) * own;
    const Tensor change = network.normal({1, changes, width});
    return {length_.sqrt() * at::cat({shared, second}, 1),
            (change / change.square().sum(-1, true).sqrt()).expand({sigma_w.size(0), changes, width})};
  }

  Bundle next(const Bundle& bundle, RandomLayers& network) const {
    const auto layer = network.next(bundle.pair.size(-1));
    const Tensor size = sigma_w.view({-1, 1, 1});
    const Tensor first = bundle.pair.narrow(1, 0, 1);
    const Tensor inputs = at::cat(
        {activate(activation_, bundle.pair), activation_slope(activation_, first) * bundle.change}, 1);
    const Tensor z = size * at::matmul(inputs, layer.weight.t());
    return {z.narrow(1, 0, 2) + sigma_b_ * layer.bias, z.narrow(1, 2, changes)};
  }

  Activation activation_;
  double sigma_b_;
  Tensor length_;
};

/// Coefficients (3, k) of the parabolas through values (S, k) at x (S), by least squares.
Tensor parabola(const Tensor& x, const Tensor& values) {
  const Tensor powers = at::stack({at::ones_like(x), x, x.square()}, 1);
  const auto [q, r] = at::linalg_qr(powers);
  return at::linalg_solve_triangular(r, at::matmul(q.t(), values), true);
}

/// The zero of a + b x + c x^2 next to 0.
double zero_of(const Tensor& coefficients) {
  const double a = coefficients[0].item<double>(), b = coefficients[1].item<double>(),
               c = coefficients[2].item<double>();
  const double root = b * b - 4.0 * a * c;
  return root >= 0.0 ? -2.0 * a / (b + std::copysign(std::sqrt(root), b)) : -a / b;
}

/// Which of the networks locate the transition, by their mean ln growth a layer (S): the ones next to it.
/// Without biases those on its ordered side, where it is 2 ln sigma_w; on the other it stays next to 0. Empty
/// where the transition is not among them.
Tensor telling_networks(const Tensor& growth, double sigma_b) {
  const Tensor ordered = growth < 0.0;
  const auto count = ordered.sum().item<std::int64_t>();
  if (count == 0 || count == growth.size(0)) return at::empty({0}, at::kLong);
  if (sigma_b == 0.0) return (growth < well_ordered).nonzero().squeeze(1);
  const double before = growth[count - 1].item<double>(), after = growth[count].item<double>();
  const double low = offsets[static_cast<std::size_t>(count - 1)],
               high = offsets[static_cast<std::size_t>(count)];
  const double zero = low - before * (high - low) / (after - before);
  const Tensor distance = (at::tensor(at::ArrayRef<double>(offsets), at::kDouble) - zero).abs();
  return std::get<0>(distance.argsort().narrow(0, 0, fitted_points).sort());
}

/// Critical sigma_w / expected and nu of one network's ln growth (S, D).
Tensor transition_of(const Tensor& growth, const Tensor& telling, const Tensor& depth) {
  const Tensor x = at::tensor(at::ArrayRef<double>(offsets), at::kDouble).index_select(0, telling);
  const Tensor fits = parabola(x, growth.index_select(0, telling) / depth);  // per layer: (3, D)
  const double critical = zero_of(fits.select(1, depth.size(0) - 1));
  const Tensor slope = (fits[1] + 2.0 * critical * fits[2]) * depth;
  const Tensor log_depth = depth.log() - depth.log().mean();
  const double exponent =
      (log_depth * slope.log()).sum().item<double>() / log_depth.square().sum().item<double>();
  return at::tensor({critical, 1.0 / exponent}, at::kDouble);
}

}  // namespace

FiniteDepth finite_depth_scaling(Activation activation, double expected, double sigma_b, int depth,
                                 const Sampling& sampling) {
  std::vector<int> depths;
  for (int some = 4; some <= depth; some *= 2) depths.push_back(some);
  const Transition transition(activation, expected, sigma_b);
  std::vector<Tensor> draws;
  for (int draw = 0; draw < sampling.draws; ++draw) draws.push_back(transition.draw(depths, sampling, draw));
  const Tensor all = at::stack(draws);  // (draws, 2, S, D)
  const Tensor growth = all.select(1, 0), difference = all.select(1, 1);
  const Tensor layers = at::tensor(depths, at::kInt).to(at::kDouble);
  const Tensor deepest = growth.mean(0).select(1, layers.size(0) - 1) / depths.back();
  const Tensor telling = telling_networks(deepest, sigma_b);
  FiniteDepth found{transition.sigma_w, layers, mean_of_draws(growth), mean_of_draws(difference), {}, {}};
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  found.critical_sigma_w = found.nu = {unknown, unknown};
  if (telling.size(0) < 4) return found;
  std::vector<Tensor> transitions;
  for (int draw = 0; draw < sampling.draws; ++draw)
    transitions.push_back(transition_of(growth[draw], telling, layers));
  const auto both = mean_of_draws(at::stack(transitions));
  const double critical = expected * std::exp(both.value[0].item<double>());
  found.critical_sigma_w = {critical, critical * both.error[0].item<double>()};
  found.nu = {both.value[1].item<double>(), both.error[1].item<double>()};
  return found;
}

}  // namespace gluesweep::network
