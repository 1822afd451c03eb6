#include "gluesweep/network/perceptron.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "../../support/jobs.hpp"

namespace gluesweep::network {
namespace {

using at::Tensor;

/// Weights in general position: unlike the initial ones, the output's are not zero.
Tensor some_weights(const Perceptron& perceptron, std::int64_t count) {
  const auto ramp = at::arange(count * perceptron.size(), at::kDouble).view({count, -1});
  return perceptron.initial(3, count) + 0.3 * (ramp * 0.7).sin();
}

Tensor own_places(std::int64_t count, std::int64_t places) {
  return (at::arange(count * places, at::kDouble).view({count, -1}) * 1.3).sin();
}

TEST(Perceptron, ComputesTheDocumentedFormula) {
  const Perceptron perceptron(2, 2);
  ASSERT_EQ(perceptron.size(), 2 + 2 + 4 + 2 + 2 + 1);
  const std::vector<double> w{0.5, -1.5, 0.1, 0.2, 1.0, 2.0, 3.0, -4.0, 0.3, -0.1, 0.7, 0.9, 0.25};
  const double xi = 0.4;
  const double a = std::tanh(w[0] * xi + w[2]), b = std::tanh(w[1] * xi + w[3]);
  const double c = std::tanh(w[4] * a + w[5] * b + w[8]), d = std::tanh(w[6] * a + w[7] * b + w[9]);
  const auto output =
      perceptron.forward(at::tensor(w, at::kDouble).unsqueeze(0), at::tensor({xi}, at::kDouble));
  EXPECT_NEAR(output.value.item<double>(), w[10] * c + w[11] * d + w[12], 1e-15);
}

TEST(Perceptron, SlopeIsTheDerivative) {
  for (const int layers : {1, 2, 3}) {
    const Perceptron perceptron(8, layers);
    const auto weights = some_weights(perceptron, 5);
    const auto xi = own_places(5, 7);
    const double h = 1e-5;
    const auto ahead = perceptron.forward(weights, xi + h).value,
               behind = perceptron.forward(weights, xi - h).value;
    const auto slope = perceptron.forward(weights, xi).slope;
    EXPECT_GT(test::largest(slope), 0.1);
    EXPECT_LT(test::distance(slope, (ahead - behind) / (2.0 * h)), 1e-7 * test::largest(slope)) << layers;
  }
}

TEST(Perceptron, BackwardIsTheGradientForCotangentsOfValueAndSlope) {
  for (const int layers : {1, 2, 3}) {
    const Perceptron perceptron(4, layers);
    const auto weights = some_weights(perceptron, 3);
    const auto xi = own_places(3, 6);
    const auto of_value = (at::arange(18, at::kDouble).view({3, 6}) * 0.9).cos();
    const auto of_slope = (at::arange(18, at::kDouble).view({3, 6}) * 1.7).sin();
    const auto function = [&](const Tensor& at_weights) {
      const auto output = perceptron.forward(at_weights, xi);
      return (output.value * of_value + output.slope * of_slope).sum(1);
    };
    const auto gradient = perceptron.backward(weights, perceptron.forward(weights, xi), of_value, of_slope);
    const double h = 1e-5;
    for (std::int64_t i = 0; i < perceptron.size(); ++i) {
      Tensor change = at::zeros_like(weights);
      change.select(1, i).fill_(h);
      const auto expected = (function(weights + change) - function(weights - change)) / (2.0 * h);
      EXPECT_LT(test::distance(gradient.select(1, i), expected), 1e-7 * test::largest(gradient))
          << layers << " layers, weight " << i;
    }
  }
}

TEST(Perceptron, SharedPlacesAreEveryNetworksPlaces) {
  const Perceptron perceptron(8, 2);
  const auto weights = some_weights(perceptron, 4);
  const auto xi = at::linspace(-1.0, 1.0, 9, at::kDouble);
  const auto shared = perceptron.forward(weights, xi);
  const auto own = perceptron.forward(weights, xi.expand({4, 9}));
  EXPECT_TRUE(at::equal(shared.value, own.value));
  EXPECT_TRUE(at::equal(shared.slope, own.slope));
}

TEST(Perceptron, StartsAtZeroWithWeightsOfItsOwn) {
  const Perceptron perceptron(16, 2);
  const auto weights = perceptron.initial(7, 3);
  const auto output = perceptron.forward(weights, at::linspace(-1.0, 1.0, 9, at::kDouble));
  EXPECT_EQ(test::largest(output.value), 0.0);
  EXPECT_EQ(test::largest(output.slope), 0.0);
  EXPECT_FALSE(at::equal(weights[0], weights[1]));
  EXPECT_TRUE(at::equal(weights, perceptron.initial(7, 3)));
  EXPECT_TRUE(at::equal(weights[2], perceptron.initial(7, 5)[2])) << "a function of seed and number";
  EXPECT_FALSE(at::equal(weights, perceptron.initial(8, 3)));
}

TEST(Perceptron, ANetworkIsTheSameAloneAndAmongOthers) {
  const Perceptron perceptron(32, 2);
  const auto weights = some_weights(perceptron, 6);
  const auto xi = own_places(6, 50);
  const auto all = perceptron.forward(weights, xi);
  const auto gradient = perceptron.backward(weights, all, all.value.cos(), all.slope);
  const auto w = weights.narrow(0, 4, 1).clone();
  const auto one = perceptron.forward(w, xi.narrow(0, 4, 1).clone());
  EXPECT_TRUE(at::equal(one.value[0], all.value[4]));
  EXPECT_TRUE(at::equal(one.slope[0], all.slope[4]));
  EXPECT_TRUE(at::equal(perceptron.backward(w, one, one.value.cos(), one.slope)[0], gradient[4]));
}

}  // namespace
}  // namespace gluesweep::network
