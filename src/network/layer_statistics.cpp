#include "gluesweep/network/layer_statistics.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "gluesweep/network/activation.hpp"

namespace gluesweep::network {
namespace {

using at::Tensor;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

struct NumberStatistics {
  double count, mean, variance, kurtosis;
};

NumberStatistics statistics_of(const Tensor& values) {
  const auto count = static_cast<double>(values.numel());
  const Tensor deviation = values - values.mean();
  const double second = deviation.square().mean().item<double>();
  const double fourth = deviation.square().square().mean().item<double>();
  return {count, values.mean().item<double>(), second * count / (count - 1.0),
          second > 0.0 ? fourth / (second * second) - 3.0 : 0.0};
}

Estimate variance_of(const NumberStatistics& numbers, double factor) {
  const double spread = std::sqrt(std::max(numbers.kurtosis + 2.0, 0.0) / numbers.count);
  return {factor * numbers.variance, factor * numbers.variance * spread};
}

/// The weights or the biases of all layers behind the first.
std::vector<Tensor> further_arrays(const Trunk& trunk, const std::string& kind) {
  std::vector<Tensor> found;
  for (const auto& [name, values] : trunk.arrays()) {
    if (name.compare(0, kind.size(), kind) == 0) found.push_back(values);
  }
  return found;
}

bool all_vary(const std::vector<Tensor>& groups) {
  for (const auto& group : groups) {
    if (!(statistics_of(group).variance > 0.0)) return false;
  }
  return true;
}

}  // namespace

Estimates mean_of_draws(const Tensor& values) {
  const auto draws = static_cast<double>(values.size(0));
  const Tensor mean = values.mean(0);
  if (values.size(0) < 2) return {mean, at::full_like(mean, not_a_number)};
  return {mean, values.std(0, true) / std::sqrt(draws)};
}

std::vector<LayerStatistics> layer_statistics(const Trunk& trunk, const Tensor& xi) {
  const auto inputs = trunk.preactivations(xi);
  const auto weights = further_arrays(trunk, "weight_"), biases = further_arrays(trunk, "bias_");
  const Estimate none{not_a_number, not_a_number};
  std::vector<LayerStatistics> all;
  for (std::size_t layer = 0; layer < inputs.size(); ++layer) {
    const auto neurons = statistics_of(activate(trunk.activation(), inputs[layer]));
    LayerStatistics found{none, none, not_a_number, neurons.mean, neurons.variance, neurons.kurtosis};
    if (layer > 0) {
      const auto weight = statistics_of(weights[layer - 1]);
      found.weight_variance = variance_of(weight, static_cast<double>(weights[layer - 1].size(1)));
      found.weight_kurtosis = weight.kurtosis;
      found.bias_variance = variance_of(statistics_of(biases[layer - 1]), 1.0);
    }
    all.push_back(found);
  }
  return all;
}

double chi_square_tail(double statistic, int degrees) {
  return at::special_gammaincc(at::scalar_tensor(0.5 * degrees, at::kDouble),
                               at::scalar_tensor(0.5 * statistic, at::kDouble))
      .item<double>();
}

VarianceTest equal_variances(const std::vector<Tensor>& groups) {
  const auto count = static_cast<double>(groups.size());
  double degrees = 0.0, pooled = 0.0, logarithms = 0.0, inverses = 0.0, fourth = 0.0, numbers = 0.0;
  for (const auto& group : groups) {
    const auto own = statistics_of(group);
    degrees += own.count - 1.0;
    pooled += (own.count - 1.0) * own.variance;
    logarithms += (own.count - 1.0) * std::log(own.variance);
    inverses += 1.0 / (own.count - 1.0);
    fourth += own.count * own.kurtosis;
    numbers += own.count;
  }
  const double bartlett = degrees * std::log(pooled / degrees) - logarithms;
  const double correction = 1.0 + (inverses - 1.0 / degrees) / (3.0 * (count - 1.0));
  const double statistic = bartlett / correction / (1.0 + 0.5 * fourth / numbers);
  const int freedom = static_cast<int>(groups.size()) - 1;
  return {statistic, freedom, chi_square_tail(statistic, freedom)};
}

SymmetryTest translational_symmetry(const Trunk& trunk) {
  const VarianceTest none{not_a_number, 0, not_a_number};
  const auto weights = further_arrays(trunk, "weight_"), biases = further_arrays(trunk, "bias_");
  if (weights.size() < 2 || !all_vary(weights)) return {none, none, not_a_number};
  const auto of_weights = equal_variances(weights);
  if (!all_vary(biases)) return {of_weights, none, of_weights.p_value};
  const auto of_biases = equal_variances(biases);
  const double both = -2.0 * (std::log(of_weights.p_value) + std::log(of_biases.p_value));
  return {of_weights, of_biases, std::isfinite(both) ? chi_square_tail(both, 4) : 0.0};
}

}  // namespace gluesweep::network
