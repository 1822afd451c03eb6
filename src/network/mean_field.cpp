#include "gluesweep/network/mean_field.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "gluesweep/network/gaussian_average.hpp"

namespace gluesweep::network {
namespace {

using at::Tensor;

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

// Lengths beyond or below which they are taken for infinite or zero.
constexpr double largest_length = 1.0e6;
constexpr double smallest_length = 1.0e-12;
constexpr double search_factor = 1.05;
constexpr double smallest_variance = 1.0e-300;  // so that both sides of a kink are seen in the limit of zero
constexpr double critical_width = 1.0e-9;       // |chi_1 - 1| that is taken for zero

/// E[f(z)] of f at the rule's places.
double average(const Tensor& values, const Tensor& weight) { return (values * weight).sum().item<double>(); }

/// Where a function that changes sign between `low` and `high` is zero.
template <class Function>
double root(Function&& function, double low, double high) {
  const bool rising = function(high) > 0.0;
  for (int i = 0; i < 200; ++i) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) break;
    ((function(middle) > 0.0) == rising ? high : low) = middle;
  }
  return 0.5 * (low + high);
}

double depth_scale(double slope) {
  const double size = std::abs(slope);
  if (size == 0.0) return 0.0;
  return size < 1.0 ? -1.0 / std::log(size) : infinite;
}

Phase phase_of(double chi_1) {
  if (std::abs(chi_1 - 1.0) < critical_width) return Phase::critical;
  return chi_1 < 1.0 ? Phase::ordered : Phase::chaotic;
}

/// sigma_b^2 for which chi_1 = 1 at q. Grows with q for every activation.
double critical_bias_variance(Activation activation, double q) {
  const auto moments = neuron_moments(activation, q);
  return q - moments.square / moments.slope_square;
}

CriticalPoint critical_point_at(Activation activation, double q) {
  const auto moments = neuron_moments(activation, q);
  const double weight_variance = 1.0 / moments.slope_square;
  const MeanField theory(activation, {weight_variance, 0.0});
  return {std::sqrt(weight_variance), q, theory.length_slope(q)};
}

}  // namespace

const char* phase_name(Phase phase) {
  switch (phase) {
    case Phase::ordered: return "ordered";
    case Phase::critical: return "critical";
    case Phase::chaotic: return "chaotic";
    case Phase::divergent: return "divergent";
  }
  throw std::logic_error("a phase without a name");
}

NeuronMoments neuron_moments(Activation activation, double q) {
  const auto& rule = gaussian_rule();
  const Tensor u = std::sqrt(std::max(q, smallest_variance)) * rule.z;
  const Tensor act = activate(activation, u);
  return {average(act, rule.weight), average(act.square(), rule.weight),
          average(activation_slope(activation, u).square(), rule.weight)};
}

double neuron_product(Activation activation, const InputPair& pair) {
  const auto rule = gaussian_pair_rule(pair.correlation);
  const Tensor product = activate(activation, std::sqrt(pair.first) * rule.first) *
                         activate(activation, std::sqrt(pair.second) * rule.second);
  return average(product, rule.weight);
}

MeanField::MeanField(Activation activation, Couplings couplings)
    : activation_(activation), couplings_(couplings) {}

double MeanField::length(double q) const {
  return couplings_.weight_variance * neuron_moments(activation_, q).square + couplings_.bias_variance;
}

double MeanField::length_slope(double q) const {
  if (q < smallest_length) return chi_1(q);  // act act'' does not contribute
  // By parts: d/dq E[f(sqrt(q) z)] = E[f (z^2 - 1)] / (2 q), without a second derivative.
  const auto& rule = gaussian_rule();
  const Tensor square = activate(activation_, std::sqrt(q) * rule.z).square();
  return couplings_.weight_variance * average(square * (rule.z.square() - 1.0), rule.weight) / (2.0 * q);
}

double MeanField::chi_1(double q) const {
  return couplings_.weight_variance * neuron_moments(activation_, q).slope_square;
}

double MeanField::covariance(const InputPair& pair) const {
  return couplings_.weight_variance * neuron_product(activation_, pair) + couplings_.bias_variance;
}

InputPair MeanField::next(const InputPair& pair) const {
  const double first = length(pair.first), second = length(pair.second);
  const double size = std::sqrt(first * second);
  return {first, second, size > 0.0 ? std::min(covariance(pair) / size, 1.0) : 1.0};
}

double MeanField::correlation(double c, double q) const {
  if (q < smallest_length) {  // the limit of short vectors
    const double share = chi_1(q) > 0.0 ? couplings_.weight_variance / chi_1(q) : 0.0;
    const auto rule = gaussian_pair_rule(c);
    const double unit = std::sqrt(smallest_variance);
    const Tensor product = activation_slope(activation_, unit * rule.first) * rule.first *
                           activation_slope(activation_, unit * rule.second) * rule.second;
    return share * average(product, rule.weight);
  }
  return covariance({q, q, c}) / q;
}

double MeanField::correlation_slope(double c, double q) const {
  const double size = std::sqrt(std::max(q, smallest_variance));
  const auto rule = gaussian_pair_rule(c);
  const Tensor product =
      activation_slope(activation_, size * rule.first) * activation_slope(activation_, size * rule.second);
  return couplings_.weight_variance * average(product, rule.weight);
}

double MeanField::fixed_length(double start) const {
  // The map rises with q, so that the lengths go one way, to the next place where q' = q.
  const auto growth = [this](double q) { return length(q) - q; };
  const double first = growth(start);
  if (first == 0.0) return start;
  const double factor = first > 0.0 ? search_factor : 1.0 / search_factor;
  for (double q = start; q < largest_length && q > smallest_length; q *= factor) {
    const double further = q * factor;
    if ((growth(further) > 0.0) == (first > 0.0)) continue;
    return root(growth, std::min(q, further), std::max(q, further));
  }
  return first > 0.0 ? infinite : 0.0;
}

double MeanField::fixed_correlation(double q) const {
  // The map is a power series with coefficients >= 0: convex, and c' = c once below 1. Newton's iteration
  // from 0 comes to it from one side.
  double c = 0.0;
  for (int i = 0; i < 100; ++i) {
    const double step = (correlation(c, q) - c) / (1.0 - correlation_slope(c, q));
    c += step;
    if (std::abs(step) < 1.0e-15) break;
  }
  return c;
}

FixedPoint MeanField::fixed_point(double start) const {
  const double q = fixed_length(start);
  if (std::isinf(q)) return {Phase::divergent, q, no_number, no_number, no_number, no_number};
  const double chi = chi_1(q);
  const Phase phase = phase_of(chi);
  const double c = phase == Phase::chaotic ? fixed_correlation(q) : 1.0;
  const double slope = phase == Phase::chaotic ? correlation_slope(c, q) : chi;
  return {phase,
          q,
          c,
          chi,
          depth_scale(length_slope(q)),
          phase == Phase::critical ? infinite : depth_scale(slope)};
}

CriticalPoint critical_point(Activation activation, double sigma_b) {
  if (!(sigma_b >= 0.0) || sigma_b > std::sqrt(largest_length)) {
    throw std::invalid_argument("sigma_b of a critical point must be between 0 and 1000, but is " +
                                std::to_string(sigma_b));
  }
  if (sigma_b == 0.0) return critical_point_at(activation, 0.0);
  const double wanted = sigma_b * sigma_b;
  double low = wanted, high = wanted;  // q >= sigma_b^2
  const auto excess = [&](double q) { return critical_bias_variance(activation, q) - wanted; };
  while (excess(high) <= 0.0) high *= 2.0;
  return critical_point_at(activation, root(excess, low, high));
}

double smallest_stable_bias(Activation activation) {
  const auto unstable = [&](double q) { return critical_point_at(activation, q).length_slope - 1.0; };
  if (unstable(1.0) < 0.0) return 0.0;
  return std::sqrt(critical_bias_variance(activation, root(unstable, 1.0, 100.0)));
}

}  // namespace gluesweep::network
