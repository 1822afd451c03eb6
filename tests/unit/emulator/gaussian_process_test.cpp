#include "gluesweep/emulator/gaussian_process.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "gluesweep/emulator/chebyshev.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;

Tensor box(std::int64_t count, double shift) {
  const auto number = at::arange(1, count + 1, at::kDouble).unsqueeze(1);
  return (number * at::tensor({0.7548776662466927, 0.5698402909980532}, at::kDouble) + shift).frac() * 2.0 -
         1.0;
}

Tensor smooth(const Tensor& z) {
  return at::stack(
      {(2.0 * z.select(1, 0)).sin() + 0.1 * z.select(1, 1), (z.select(1, 0) - 0.2 * z.select(1, 1)).exp()},
      1);
}

TEST(GaussianProcessTest, TheKernelIsThatOfItsFormula) {
  const auto a = at::tensor({0.0, 0.5, 1.0, -1.0}, at::kDouble).view({2, 2});
  const auto b = at::tensor({0.25, 0.5}, at::kDouble).view({1, 2});
  const auto k = squared_exponential(a, b, at::tensor({0.5, 3.0}, at::kDouble));
  EXPECT_NEAR(k[0][0].item<double>(), std::exp(-0.125), 1e-15);
  EXPECT_NEAR(k[1][0].item<double>(), std::exp(-0.5 * (2.25 + 0.25)), 1e-15);
}

TEST(GaussianProcessTest, ItLearnsASmoothFunctionFromFewPlaces) {
  const auto z = box(120, 0.0), check = 0.9 * box(40, 0.37);
  const auto choice = choose_kernel(z, smooth(z));
  EXPECT_GT(choice.lengths[1].item<double>(), 2.0 * choice.lengths[0].item<double>())
      << "the second axis matters less";
  const auto constant = at::zeros({1, 2}, at::kDouble), none = at::zeros({1, 2}, at::kDouble);
  const GaussianProcess process(fit_kernel(z, smooth(z), choice), constant, none);
  EXPECT_LT((process(check) - smooth(check)).abs().max().item<double>(), 1e-4);
}

TEST(GaussianProcessTest, NoiseIsTakenForNoise) {
  at::manual_seed(1);
  const auto z = box(150, 0.0);
  const auto choice = choose_kernel(z, smooth(z) + 0.05 * at::randn({150, 2}, at::kDouble));
  EXPECT_GT(choice.noise, 1e-4);
  EXPECT_LT(choose_kernel(z, smooth(z)).noise, 1e-7);
}

TEST(GaussianProcessTest, ThePolynomialIsPartOfIt) {
  const auto z = box(20, 0.0);
  const auto exponents = total_degree_exponents(1.0, {1.0, 1.0});
  const auto coefficients = at::tensor({1.0, 2.0, 3.0}, at::kDouble).view({3, 1});
  const GaussianProcess process({z, at::ones({2}, at::kDouble), at::zeros({20, 1}, at::kDouble)}, exponents,
                                coefficients);
  EXPECT_TRUE(process(z).equal(Chebyshev(exponents, coefficients)(z)));
}

}  // namespace
}  // namespace gluesweep::emulator
