#include "gluesweep/network/layer_statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "gluesweep/network/random_layers.hpp"

namespace gluesweep::network {
namespace {

job::Network deep(double sigma_w, double sigma_b, int layers) {
  job::Network network;
  network.features = 100;
  network.layers = layers;
  network.init.law = job::Network::Init::Law::gaussian;
  network.init.sigma_w = sigma_w;
  network.init.sigma_b = sigma_b;
  network.seed = 5;
  return network;
}

/// Largest distance of a sample's distribution from the uniform one on [0, 1], times the root of its size.
double kolmogorov_distance(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  double distance = 0.0;
  const auto count = static_cast<double>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    distance = std::max({distance, std::abs(values[i] - static_cast<double>(i) / count),
                         std::abs(values[i] - static_cast<double>(i + 1) / count)});
  }
  return distance * std::sqrt(count);
}

constexpr double rarely_exceeded = 1.95;  // Kolmogorov's distribution: one in a thousand

TEST(LayerStatistics, TailsOfChiSquare) {
  EXPECT_NEAR(chi_square_tail(3.841458820694124, 1), 0.05, 1e-12);
  EXPECT_NEAR(chi_square_tail(11.344866730144373, 3), 0.01, 1e-12);
  EXPECT_NEAR(chi_square_tail(4.0, 2), std::exp(-2.0), 1e-14);
}

TEST(LayerStatistics, MeansOfDraws) {
  const auto found = mean_of_draws(at::tensor({1.0, 2.0, 3.0, 6.0}, at::kDouble));
  EXPECT_NEAR(found.value.item<double>(), 3.0, 1e-14);
  EXPECT_NEAR(found.error.item<double>(), std::sqrt(14.0 / 3.0) / 2.0, 1e-14);
}

TEST(LayerStatistics, FindTheCouplingsOfATrunk) {
  const Elements elements(10, 5);
  const Trunk trunk(deep(1.5, 0.4, 5), elements);
  const auto layers = layer_statistics(trunk, elements.xi);
  ASSERT_EQ(layers.size(), 5u);
  EXPECT_TRUE(std::isnan(layers[0].weight_variance.value));
  for (std::size_t layer = 1; layer < layers.size(); ++layer) {
    const auto& own = layers[layer];
    EXPECT_LT(std::abs(own.weight_variance.value - 2.25), 4.0 * own.weight_variance.error);
    EXPECT_NEAR(own.weight_variance.error, 2.25 * std::sqrt(2.0 / 10000.0), 0.002);
    EXPECT_LT(std::abs(own.bias_variance.value - 0.16), 4.0 * own.bias_variance.error);
    EXPECT_NEAR(own.weight_kurtosis, 0.0, 0.2);
    EXPECT_GT(own.variance, 0.1);
  }
}

TEST(LayerStatistics, PValuesOfEqualVariancesAreUniform) {
  RandomLayers network({1, 1, 11}, 0);
  std::vector<double> gaussian, uniform;
  for (int trial = 0; trial < 400; ++trial) {
    std::vector<at::Tensor> bells, boxes;
    for (int group = 0; group < 4; ++group) {
      bells.push_back(network.normal({150}));
      // A uniform number: the distribution function of a normal one.
      boxes.push_back(0.5 * (network.normal({150}) * M_SQRT1_2).erf());
    }
    gaussian.push_back(equal_variances(bells).p_value);
    uniform.push_back(equal_variances(boxes).p_value);
  }
  EXPECT_LT(kolmogorov_distance(gaussian), rarely_exceeded);
  EXPECT_LT(kolmogorov_distance(uniform), rarely_exceeded);
}

TEST(LayerStatistics, UnequalVariancesAreSeen) {
  RandomLayers network({1, 1, 12}, 0);
  const auto first = network.normal({2000}), second = 1.1 * network.normal({2000});
  const auto test = equal_variances({first, second});
  EXPECT_EQ(test.degrees, 1);
  EXPECT_LT(test.p_value, 1e-3);
}

TEST(LayerStatistics, TranslationalSymmetryAlongTheDepth) {
  const Elements elements(10, 5);
  std::vector<double> p_values;
  for (int seed = 0; seed < 60; ++seed) {
    auto network = deep(1.3, 0.2, 4);
    network.features = 40;
    network.seed = static_cast<std::uint64_t>(seed);
    p_values.push_back(translational_symmetry(Trunk(network, elements)).p_value);
  }
  EXPECT_LT(kolmogorov_distance(p_values), rarely_exceeded);

  const Trunk broken(deep(1.3, 0.2, 4), elements);
  for (const auto& [name, values] : broken.arrays()) {
    if (name == "weight_3") values.mul_(1.1);
  }
  EXPECT_LT(translational_symmetry(broken).p_value, 1e-6);
  EXPECT_TRUE(std::isnan(translational_symmetry(Trunk(deep(1.3, 0.2, 2), elements)).p_value));
  const auto without_bias = translational_symmetry(Trunk(deep(1.3, 0.0, 4), elements));
  EXPECT_TRUE(std::isnan(without_bias.biases.p_value));
  EXPECT_EQ(without_bias.p_value, without_bias.weights.p_value);
}

}  // namespace
}  // namespace gluesweep::network
