#include "gluesweep/emulator/perceptron.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace gluesweep::emulator {
namespace {

using at::Tensor;

const Tensor no_exponents = at::zeros({1, 1}, at::kDouble);

TEST(PerceptronTest, TheLayersAreThoseOfItsFormula) {
  const auto number = [](double value) { return at::full({1, 1}, value, at::kDouble); };
  const Perceptron network({{number(2.0), number(0.5).view({1})}, {number(3.0), number(-1.0).view({1})}},
                           no_exponents, number(10.0));
  const auto z = at::tensor({0.25}, at::kDouble).view({1, 1});
  EXPECT_NEAR(network(z).item<double>(), 10.0 + 3.0 * std::tanh(1.0) - 1.0, 1e-15);
}

TEST(PerceptronTest, ItLearnsAKink) {
  const auto z = at::linspace(-1.0, 1.0, 200, at::kDouble).unsqueeze(1);
  const auto targets = at::cat({z.abs(), 1.0e-3 * z.square()}, 1);
  PerceptronSettings settings;
  settings.width = 16;
  settings.adam_steps = 300;
  settings.lbfgs_steps = 200;
  const auto layers = fit_perceptron(z, targets, settings);
  const Perceptron network(layers, no_exponents, at::zeros({1, 2}, at::kDouble));
  EXPECT_LT((network(z) - targets).square().mean().sqrt().item<double>(), 2e-3);
  const auto again = fit_perceptron(z, targets, settings);
  EXPECT_TRUE(again.back().weight.equal(layers.back().weight)) << "the seed decides";
}

}  // namespace
}  // namespace gluesweep::emulator
