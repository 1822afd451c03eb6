#include "gluesweep/emulator/chebyshev.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "gluesweep/emulator/polynomial.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;

/// Places in [-1, 1]^p that fill the box, the same every time (Roberts' additive recurrence).
Tensor places(std::int64_t count, std::int64_t axes) {
  const auto number = at::arange(1, count + 1, at::kDouble).unsqueeze(1);
  const auto step = axes == 1 ? at::tensor({0.6180339887498949}, at::kDouble)
                              : at::tensor({0.7548776662466927, 0.5698402909980532}, at::kDouble);
  return (number * step).frac() * 2.0 - 1.0;
}

double distance(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(ChebyshevTest, ExponentsAreThoseOfATotalDegree) {
  const auto exponents = total_degree_exponents(2.0, {1.0, 1.0});
  EXPECT_EQ(exponents.sizes(), at::IntArrayRef({6, 2}));
  EXPECT_TRUE((exponents.sum(1).diff() >= 0.0).all().item<bool>()) << "smaller degrees come first";
  EXPECT_EQ(exponents.sum(1).max().item<double>(), 2.0);
  const auto stretched = total_degree_exponents(2.0, {1.0, 2.0});
  EXPECT_EQ(stretched.select(1, 1).max().item<double>(), 4.0);
  EXPECT_EQ(stretched.select(1, 0).max().item<double>(), 2.0);
}

TEST(ChebyshevTest, TheBasisIsTheCosineOfMultipleAngles) {
  const auto angle = at::linspace(0.0, M_PI, 7, at::kDouble);
  const auto z = at::stack({angle.cos(), (0.5 * angle).cos()}, 1);
  const auto exponents = at::tensor({0.0, 0.0, 5.0, 0.0, 2.0, 3.0}, at::kDouble).view({3, 2});
  const auto expected =
      at::stack({at::ones_like(angle), (5.0 * angle).cos(), (2.0 * angle).cos() * (1.5 * angle).cos()}, 1);
  EXPECT_LT(distance(chebyshev_basis(z, exponents), expected), 1e-14);
}

TEST(ChebyshevTest, DerivativesAreThoseOfThePolynomial) {
  const auto z = places(5, 1).set_requires_grad(true);
  const Chebyshev cubic(at::tensor({3.0}, at::kDouble).view({1, 1}), at::ones({1, 1}, at::kDouble));
  cubic(z).sum().backward();
  EXPECT_LT(distance(z.grad(), 12.0 * z.detach().square() - 3.0), 1e-13);
}

TEST(ChebyshevTest, LeastSquaresFindPolynomialsExactly) {
  const auto z = places(60, 2);
  const auto exponents = total_degree_exponents(4.0, {1.0, 1.0});
  const auto wanted = at::linspace(-1.0, 2.0, exponents.size(0), at::kDouble).unsqueeze(1);
  const auto targets = at::matmul(chebyshev_basis(z, exponents), wanted);
  const NestedLeastSquares squares(z, exponents);
  EXPECT_LT(distance(squares.coefficients(squares.projected(targets)), wanted), 1e-12);
  EXPECT_LT(distance(at::matmul(squares.basis(z), squares.projected(targets)), targets), 1e-12);
}

TEST(ChebyshevTest, TermsThatAGridDoesNotDetermineAreLeftOut) {
  const auto three = at::tensor({-1.0, 0.0, 1.0}, at::kDouble),
             many = at::linspace(-1.0, 1.0, 9, at::kDouble);
  const auto grid = at::meshgrid({three, many}, "ij");
  const auto z = at::stack({grid[0].flatten(), grid[1].flatten()}, 1);
  const auto exponents = total_degree_exponents(4.0, {1.0, 1.0});
  const NestedLeastSquares squares(z, exponents);
  EXPECT_EQ(exponents.index_select(0, squares.kept()).select(1, 0).max().item<double>(), 2.0);
  const auto targets = (z.select(1, 0) * z.select(1, 1).square()).unsqueeze(1);
  const auto coefficients = squares.coefficients(squares.projected(targets));
  EXPECT_EQ(coefficients.size(0), exponents.size(0));
  EXPECT_LT(distance(at::matmul(chebyshev_basis(z, exponents), coefficients), targets), 1e-13);
}

TEST(PolynomialTest, EveryColumnGetsTheDegreeItNeeds) {
  const auto z = places(400, 1), check = places(50, 1) * 0.97;
  const auto targets = [](const Tensor& at_z) {
    const auto x = at_z.select(1, 0);
    return at::stack({x.square(), (3.0 * x).exp(), at::full_like(x, 2.0)}, 1);
  };
  const auto choice = choose_polynomial({z, targets(z)}, {check, targets(check)}, 1e-9);
  const auto terms = choice.terms.accessor<std::int64_t, 1>();
  EXPECT_EQ(terms[0], 3);
  EXPECT_GT(terms[1], 12);
  EXPECT_LT(terms[1], 25);
  EXPECT_EQ(terms[2], 1);
  const Chebyshev fitted(choice.exponents, fit_polynomial({z, targets(z)}, choice));
  EXPECT_LT(distance(fitted(check), targets(check)), 1e-8);
}

TEST(PolynomialTest, UndefinedTargetsDoNotCount) {
  const auto z = places(100, 2);
  auto targets = at::stack({z.select(1, 0), z.select(1, 1).exp()}, 1);
  const auto truth = targets.clone();
  targets.select(1, 1).narrow(0, 10, 5).fill_(NAN);
  const auto choice = choose_polynomial({z, targets}, {z, truth}, 1e-10);
  const Chebyshev fitted(choice.exponents, fit_polynomial({z, targets}, choice));
  EXPECT_LT(distance(fitted(z), truth), 1e-5);
  EXPECT_LT(distance(fitted(z).select(1, 0), truth.select(1, 0)), 1e-13);
}

TEST(PolynomialTest, NoiseIsNotFitted) {
  at::manual_seed(3);
  const auto z = places(400, 1), check = places(60, 1) * 0.95;
  const auto noisy = [](const Tensor& at_z) { return at_z + 0.01 * at::randn_like(at_z); };
  const auto choice = choose_polynomial({z, noisy(z)}, {check, noisy(check)}, 1e-9);
  EXPECT_LT(choice.terms.item<std::int64_t>(), 12);
}

}  // namespace
}  // namespace gluesweep::emulator
