#include "gluesweep/network/activation.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "../../support/jobs.hpp"

namespace gluesweep::network {
namespace {

class Activations : public testing::TestWithParam<Activation> {};

TEST_P(Activations, HaveTheSlopeOfTheirDifferences) {
  // No place within a step of selu's kink.
  const auto z = at::linspace(-6.0, 6.0, 1000, at::kDouble);
  const double step = 1e-4;
  const auto f = [&](double by) { return activate(GetParam(), z + by * step); };
  const auto slope = (8.0 * (f(1.0) - f(-1.0)) - (f(2.0) - f(-2.0))) / (12.0 * step);
  EXPECT_LT(test::distance(activation_slope(GetParam(), z), slope), 1e-10);
}

TEST_P(Activations, KeepTheShape) {
  const auto z = at::zeros({2, 3, 4}, at::kDouble);
  EXPECT_EQ(activate(GetParam(), z).sizes(), z.sizes());
  EXPECT_EQ(activation_slope(GetParam(), z).sizes(), z.sizes());
}

INSTANTIATE_TEST_SUITE_P(All, Activations,
                         testing::Values(Activation::tanh, Activation::sine, Activation::silu,
                                         Activation::gelu, Activation::selu, Activation::erf),
                         [](const auto& activation) { return activation_name(activation.param); });

TEST(Activation, IsTheNamedFunction) {
  const auto at_one = [](Activation activation) {
    return activate(activation, at::ones({1}, at::kDouble)).item<double>();
  };
  EXPECT_DOUBLE_EQ(at_one(Activation::tanh), std::tanh(1.0));
  EXPECT_DOUBLE_EQ(at_one(Activation::sine), std::sin(1.0));
  EXPECT_DOUBLE_EQ(at_one(Activation::silu), 1.0 / (1.0 + std::exp(-1.0)));
  EXPECT_DOUBLE_EQ(at_one(Activation::gelu), 0.5 * (1.0 + std::erf(std::sqrt(0.5))));
  EXPECT_DOUBLE_EQ(at_one(Activation::erf), std::erf(1.0));
  EXPECT_DOUBLE_EQ(at_one(Activation::selu), 1.0507009873554805);
  const auto below = activate(Activation::selu, -at::ones({1}, at::kDouble)).item<double>();
  EXPECT_NEAR(below, 1.0507009873554805 * 1.6732632423543772 * std::expm1(-1.0), 1e-15);
}

}  // namespace
}  // namespace gluesweep::network
