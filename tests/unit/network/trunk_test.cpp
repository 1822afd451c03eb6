#include "gluesweep/network/trunk.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "../../support/jobs.hpp"
#include "gluesweep/network/activation.hpp"
#include "gluesweep/network/tabulated.hpp"

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

/// Trunks of all activations, deep ones.
class DeepTrunks : public testing::TestWithParam<Activation> {
 protected:
  job::Network network = [] {
    auto deep = settings(48, 5, GetParam());
    deep.init = {job::Network::Init::Law::gaussian, 1.2, 0.3};
    return deep;
  }();
  const Elements elements{network.elements, network.nodes};
  const at::Tensor xi = at::linspace(-1.0, 1.0, 17, at::kDouble);
};

TEST_P(DeepTrunks, AreTheirLayers) {
  for (const auto skip : {job::Network::Skip::none, job::Network::Skip::residual}) {
    network.skip = skip;
    const Trunk trunk(network, elements);
    std::map<std::string, at::Tensor> arrays;
    for (const auto& [name, values] : trunk.arrays()) arrays[name] = values;
    const auto z = trunk.preactivations(xi);
    ASSERT_EQ(z.size(), 5U);
    auto h = activate(GetParam(), z[0]);
    for (std::size_t layer = 1; layer < z.size(); ++layer) {
      const auto index = std::to_string(layer + 1);
      const auto expected = at::matmul(h, arrays.at("weight_" + index).t()) + arrays.at("bias_" + index);
      EXPECT_LT(distance(z[layer], expected), 1e-13);
      const auto own = activate(GetParam(), z[layer]);
      h = skip == job::Network::Skip::residual ? h + 0.5 * own : own;  // 4 = 5 - 1 layers
    }
    EXPECT_LT(distance(trunk.neurons(xi).slice(1, 0, 48), h), 1e-13);
    const Trunk again(network, trunk.arrays());
    EXPECT_TRUE(at::equal(again.features(xi), trunk.features(xi)));
  }
}

INSTANTIATE_TEST_SUITE_P(All, DeepTrunks,
                         testing::Values(Activation::tanh, Activation::sine, Activation::silu,
                                         Activation::gelu, Activation::selu, Activation::erf),
                         [](const auto& activation) { return activation_name(activation.param); });

at::Tensor array_of(const Trunk& trunk, const std::string& wanted) {
  for (const auto& [name, values] : trunk.arrays()) {
    if (name == wanted) return values;
  }
  return {};
}

TEST(Trunk, HasWeightsOfTheWantedVariances) {
  auto network = settings(96, 3);
  network.width = 160;
  network.init = {job::Network::Init::Law::gaussian, 1.7, 0.4};
  const Trunk trunk(network, Elements(40, 5));
  EXPECT_EQ(trunk.width(), 160);
  EXPECT_EQ(trunk.layers(), 3);
  EXPECT_EQ(trunk.size(), 97) << "no more features than were asked for";
  const auto weight = array_of(trunk, "weight_3");
  // Of 25,600 normal numbers; six standard errors.
  EXPECT_NEAR(weight.square().mean().item<double>() * 160.0, 1.7 * 1.7,
              6.0 * 1.7 * 1.7 * std::sqrt(2.0 / 25600.0));
  EXPECT_NEAR(weight.mean().item<double>(), 0.0, 6.0 * 1.7 / 160.0 / std::sqrt(160.0));
  EXPECT_NEAR(weight.pow(4).mean().item<double>() / std::pow(weight.square().mean().item<double>(), 2), 3.0,
              0.2);
  EXPECT_NEAR(array_of(trunk, "bias_2").square().mean().item<double>(), 0.16,
              6.0 * 0.16 * std::sqrt(2.0 / 160.0));
  EXPECT_FALSE(at::equal(weight, array_of(trunk, "weight_2")));
}

TEST(Trunk, CriticalWeightsOfTanhHaveUnitVariance) {
  auto network = settings(48, 2);
  network.init = {job::Network::Init::Law::critical, 1.0, 0.0};
  const Trunk critical(network, Elements(40, 5));
  network.init = {job::Network::Init::Law::gaussian, 1.0, 0.0};
  const Trunk given(network, Elements(40, 5));
  EXPECT_LT(distance(array_of(critical, "weight_2"), array_of(given, "weight_2")), 1e-6);
  EXPECT_EQ(test::largest(array_of(critical, "bias_2")), 0.0);
}

TEST(Tabulated, GivesTheNetworks) {
  for (const auto activation : {Activation::tanh, Activation::selu}) {  // in a table, and not
    auto network = settings(32, 2, activation);
    const Elements elements(network.elements, network.nodes);
    const Trunk trunk(network, elements);
    const Tabulated table(trunk, 64);
    EXPECT_EQ(table.nodes() > 0, activation == Activation::tanh);
    const auto decay = at::pow(0.3, at::arange(trunk.size(), at::kDouble));
    const auto heads = at::ones({2, 3, trunk.size()}, at::kDouble) * decay;
    const auto xi = at::linspace(-1.0, 1.0, 34, at::kDouble).view({2, 17});
    const auto expected = at::matmul(heads, trunk.features(xi).transpose(1, 2));
    EXPECT_LT(distance(table.values(table.prepared(heads), xi), expected), 1e-10);
  }
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
