#include "gluesweep/network/trunk.hpp"

#include <gtest/gtest.h>

#include <map>

#include "../../support/jobs.hpp"

namespace gluesweep::network {
namespace {

using test::distance;

job::Network settings(int features, int layers = 1,
                      job::Network::Activation activation = job::Network::Activation::tanh) {
  job::Network network;
  network.features = features;
  network.elements = 40;
  network.nodes = 5;
  network.layers = layers;
  network.activation = activation;
  network.seed = 3;
  return network;
}

struct Variant {
  int features, layers;
  job::Network::Activation activation;
};

class Trunks : public testing::TestWithParam<Variant> {
 protected:
  const job::Network network = settings(GetParam().features, GetParam().layers, GetParam().activation);
  const Elements elements{network.elements, network.nodes};
  const Trunk trunk{network, elements};
};

TEST_P(Trunks, FeaturesAreOrthonormalOnTheNodes) {
  const auto features = trunk.features(elements.xi);
  EXPECT_EQ(features.sizes(), (at::IntArrayRef{elements.size(), trunk.size()}));
  EXPECT_LE(trunk.size(), network.features + 1);
  const auto gram = at::matmul(features.t(), features) / static_cast<double>(elements.size());
  // The features' rank is cut where neurons agree to 1e-13, so the last ones keep some three digits.
  EXPECT_LT(distance(gram, at::eye(trunk.size(), at::kDouble)), 5e-3);
  const auto first = gram.slice(0, 0, trunk.size() / 2).slice(1, 0, trunk.size() / 2);
  EXPECT_LT(distance(first, at::eye(trunk.size() / 2, at::kDouble)), 1e-9);
}

TEST_P(Trunks, ComeBackFromTheirArrays) {
  const Trunk again(network, trunk.arrays());
  const auto xi = at::linspace(-1.0, 1.0, 17, at::kDouble);
  EXPECT_TRUE(at::equal(again.features(xi), trunk.features(xi)));
  auto some = trunk.arrays();
  some.erase(some.begin() + 1);
  EXPECT_THROW(Trunk(network, some), std::invalid_argument);
}

TEST_P(Trunks, ArraysAreEnoughToEvaluateTheFeatures) {
  std::map<std::string, at::Tensor> arrays;
  for (const auto& [name, values] : trunk.arrays()) arrays[name] = values;
  EXPECT_EQ(arrays.size(), 3u + 2u * static_cast<std::size_t>(network.layers - 1));
  const auto xi = at::linspace(-1.0, 1.0, 17, at::kDouble);
  const auto act = [&](const at::Tensor& z) {
    return network.activation == job::Network::Activation::tanh ? z.tanh() : z.sin();
  };
  auto h = act(arrays.at("slope") * (xi.unsqueeze(1) - arrays.at("centre")));
  for (int layer = 2; layer <= network.layers; ++layer) {
    const auto index = std::to_string(layer);
    h = act(at::matmul(h, arrays.at("weight_" + index).t()) + arrays.at("bias_" + index));
  }
  h = at::cat({h, at::ones({17, 1}, at::kDouble)}, 1);
  const auto expected = at::matmul(h, arrays.at("mixing"));
  EXPECT_LT(distance(trunk.features(xi), expected), 1e-14 * test::largest(arrays.at("mixing")));
}

TEST_P(Trunks, AreReproducibleAndDependOnTheSeed) {
  const Trunk again(network, elements);
  for (std::size_t i = 0; i < trunk.arrays().size(); ++i) {
    EXPECT_TRUE(at::equal(again.arrays()[i].second, trunk.arrays()[i].second)) << trunk.arrays()[i].first;
  }
  auto other = network;
  other.seed = 4;
  EXPECT_FALSE(at::equal(Trunk(other, elements).arrays()[1].second, trunk.arrays()[1].second));
}

TEST_P(Trunks, RepresentSmoothFunctions) {
  const auto features = trunk.features(elements.xi);
  const auto fit = [&](const at::Tensor& values) {
    // Features are orthonormal but for the digits that their cancellation costs: two corrections restore
    // them.
    at::Tensor head = at::zeros({trunk.size()}, at::kDouble);
    for (int pass = 0; pass < 3; ++pass) {
      head = head + at::matmul(features.t(), values - at::matmul(features, head)) /
                        static_cast<double>(elements.size());
    }
    return distance(at::matmul(features, head), values);
  };
  EXPECT_LT(fit(at::ones_like(elements.xi)), 1e-8);
  EXPECT_LT(fit((3.0 * elements.xi).tanh()), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Variants, Trunks,
                         testing::Values(Variant{64, 1, job::Network::Activation::tanh},
                                         Variant{96, 1, job::Network::Activation::tanh},
                                         Variant{64, 2, job::Network::Activation::tanh},
                                         Variant{64, 1, job::Network::Activation::sine},
                                         Variant{48, 3, job::Network::Activation::sine}),
                         [](const auto& variant) {
                           const auto& v = variant.param;
                           return std::string(v.activation == job::Network::Activation::tanh ? "tanh"
                                                                                             : "sine") +
                                  "_" + std::to_string(v.features) + "_" + std::to_string(v.layers);
                         });

TEST(Trunk, FeaturesTakeAnyShape) {
  const Trunk trunk(settings(16), Elements(40, 5));
  const auto xi = at::linspace(-1.0, 1.0, 24, at::kDouble);
  const auto flat = trunk.features(xi);
  const auto shaped = trunk.features(xi.view({2, 3, 4}));
  EXPECT_EQ(shaped.sizes(), (at::IntArrayRef{2, 3, 4, trunk.size()}));
  EXPECT_LT(distance(shaped.view({24, -1}), flat), 1e-11);
}

TEST(Trunk, IsAsItsArraysAreOverwritten) {
  // As rank 0's values reach the others.
  const Elements elements(40, 5);
  auto network = settings(32);
  const Trunk source(network, elements);
  network.seed = 99;
  Trunk target(network, elements);
  ASSERT_EQ(source.size(), target.size());
  const auto from = source.arrays(), to = target.arrays();
  for (std::size_t i = 0; i < from.size(); ++i) at::Tensor(to[i].second).copy_(from[i].second);
  EXPECT_TRUE(at::equal(target.features(elements.xi), source.features(elements.xi)));
}

TEST(Trunk, CopiesToADeviceAreIndependent) {
  const Elements elements(40, 5);
  const Trunk trunk(settings(16), elements);
  const auto copy = trunk.to(at::kCPU);
  EXPECT_TRUE(at::equal(copy.features(elements.xi), trunk.features(elements.xi)));
}

TEST(Trunk, HasNoMoreFeaturesThanNodes) {
  auto network = settings(64);
  network.elements = 4;
  network.nodes = 3;
  const Elements elements(4, 3);
  const Trunk trunk(network, elements);
  EXPECT_LE(trunk.size(), elements.size());
  EXPECT_TRUE(trunk.features(elements.xi).isfinite().all().item<bool>());
}

}  // namespace
}  // namespace gluesweep::network
