#include <gtest/gtest.h>

#include <cmath>

#include "../../support/shipped_problems.hpp"
#include "example_problems.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

double median_of(const Tensor& values) { return values.median().item<double>(); }

TEST(MisalignedScalar, TheDerivativeAgreesAsWell) {
  const auto table = test::read_reference("misaligned_scalar", 1);
  const auto block = Trainer(test::job_at("misaligned_scalar", table), at::kCPU).train(table.parameters);
  const auto& m = table.parameters;
  const auto scale = m * (1.0 + m * test::row(table.places)).pow(-0.75);
  EXPECT_LT(test::largest((block.solution[1] - table.values.at("phi_t")) / scale), 1e-6);
}

// The estimate is worth its name: not below the truth in 95% of the points, within a factor 30 in the median.
TEST(ErrorEstimate, IsCalibratedOverTheWholeRange) {
  auto job = test::shipped_job("mixed_order_decay", {"output.points=64"});
  Tensor parameters = at::ones({96, 3}, at::kDouble);
  const auto i = at::arange(96, at::kDouble);
  parameters.select(1, 0).copy_(((i * 0.7548776662466927 + 0.5).frac() * std::log(100.0)).exp() * 0.01);
  parameters.select(1, 1).copy_(((i * 0.5698402909980532 + 0.5).frac() * std::log(100.0)).exp() * 10.0);
  const auto block = Trainer(job, at::kCPU).train(parameters);
  EXPECT_TRUE((block.status == static_cast<int>(Status::converged)).all().item<bool>());
  const auto ratio = block.error_estimate / block.reference_error;
  EXPECT_GE((ratio >= 1.0).to(at::kDouble).mean().item<double>(), 0.95);
  EXPECT_LE(median_of(ratio), 30.0);
}

// --- asymptotic constants, crossovers, derived values
// ---------------------------------------------------------------------

TEST(MixedOrderDecay, LateAmplitudeAndCrossoverHaveTheirClosedForms) {
  const auto job = test::shipped_job("mixed_order_decay", {"output.points=9"});
  const auto parameters =
      at::tensor({0.4, 20.0, 1.0, 0.7, 300.0, 2.0, 1.0, 950.0, 0.5}, at::kDouble).view({3, 3});
  const auto block = Trainer(job, at::kCPU).train(parameters);
  const auto k1 = parameters.select(1, 0), k2 = parameters.select(1, 1), a0 = parameters.select(1, 2);
  const double start = 1e-4;
  const auto amplitude = (k1 * start).exp() / (1.0 / a0 + k2 / k1);
  EXPECT_LT(test::relative_distance(block.derived[0], amplitude), 2e-7);
  EXPECT_LT(test::relative_distance(block.limits[1].exp(), amplitude), 2e-7);
  // Drifts k1 and k2 A are equal where A = k1/k2.
  const auto crossover = start + (2.0 * (k2 / k1) / (1.0 / a0 + k2 / k1)).log() / k1;
  EXPECT_LT(test::relative_distance(block.crossovers[0], crossover), 1e-5);
  EXPECT_TRUE(at::equal(block.crossovers[0], block.derived[1]));
}

TEST(FreezeOut, RelicAbundanceContinuesTheSolutionsEnd) {
  const auto table = test::read_reference("freeze_out", 1);
  const auto block = Trainer(test::job_at("freeze_out", table), at::kCPU).train(table.parameters);
  const auto lambda = table.parameters.squeeze(1);
  const auto relic = block.derived[0];
  EXPECT_TRUE(at::allclose(relic, 1.0 / block.limits[1], 1e-14, 0.0));
  // 1/Y = c - lambda/x with c constant at the end.
  const auto end = table.values.at("Y").select(1, -1);
  EXPECT_LT(test::relative_distance(1.0 / (1.0 / relic - lambda / 1000.0), end), 1e-6);
  // Stronger annihilation leaves less, nearly in inverse proportion.
  const auto order = lambda.argsort();
  const auto slope = (relic.index_select(0, order).log().diff() / lambda.index_select(0, order).log().diff());
  EXPECT_LT(slope.max().item<double>(), -0.85);
  EXPECT_GT(slope.min().item<double>(), -1.0);
  // Freeze-out later for stronger annihilation, some 10 to 30.
  const auto x_f = block.derived[1].index_select(0, order);
  EXPECT_TRUE((x_f.diff() > 0.0).all().item<bool>());
  EXPECT_GT(x_f.min().item<double>(), 5.0);
  EXPECT_LT(x_f.max().item<double>(), 40.0);
}

// z^(1/4) phi = alpha J + beta Y of order 1/4 in z = m t, and phi' = -z^(-1/4) (alpha J_5/4 + beta Y_5/4)
// (Abramowitz and Stegun 9.1.30); late, both are waves of amplitude (2/(pi z))^1/2 with phase 3 pi/8.
TEST(MisalignedScalar, LateConstantsAreThoseOfTheBesselFunctions) {
  const std::vector<double> masses{1.0, 2.0, 7.0, 31.0, 100.0};
  const auto job = test::shipped_job("misaligned_scalar", {"output.points=9"});
  const auto block = Trainer(job, at::kCPU).train(at::tensor(masses, at::kDouble).unsqueeze(1));
  for (std::size_t i = 0; i < masses.size(); ++i) {
    const auto point = static_cast<std::int64_t>(i);
    const double z = masses[i] * 1e-3, quarter = std::pow(z, 0.25);
    const double j = std::cyl_bessel_j(0.25, z), y = std::cyl_neumann(0.25, z);
    const double j1 = std::cyl_bessel_j(1.25, z), y1 = std::cyl_neumann(1.25, z);
    const double determinant = j * y1 - y * j1;
    const double alpha = quarter * y1 / determinant, beta = -quarter * j1 / determinant;
    const double wave = std::sqrt(2.0 / M_PI), phase = 3.0 * M_PI / 8.0;
    const double a = wave * (alpha * std::cos(phase) - beta * std::sin(phase));
    const double b = wave * (alpha * std::sin(phase) + beta * std::cos(phase));
    EXPECT_NEAR(block.limits[2][point].item<double>(), a, 1e-7) << "m = " << masses[i];
    EXPECT_NEAR(block.limits[3][point].item<double>(), b, 1e-7) << "m = " << masses[i];
    EXPECT_NEAR(block.derived[0][point].item<double>(), std::hypot(a, b), 1e-7);
    EXPECT_NEAR(block.derived[1][point].item<double>(), std::atan(b / a), 1e-7);
  }
  // The problem has no scale of its own: only the start, at m t = m/1000, tells the masses apart.
  for (const int derived : {0, 1, 2}) {
    const auto values = block.derived[derived];
    EXPECT_NEAR(values[1].item<double>(), values[0].item<double>(), 1e-4 * std::abs(values[0].item<double>()))
        << derived;
    EXPECT_NEAR(values[2].item<double>(), values[0].item<double>(), 1e-3 * std::abs(values[0].item<double>()))
        << derived;
  }
}

// --- other kinds of problems
// ---------------------------------------------------------------------------------------------

BlockResult train(const std::string& problem, const std::string& settings, const Tensor& parameters) {
  return Trainer(test::job_of(problem, settings), at::kCPU).train(parameters);
}

void expect_exact(const BlockResult& block, double bound, const std::string& what) {
  EXPECT_TRUE((block.status == static_cast<int>(Status::converged)).all().item<bool>()) << what;
  EXPECT_LT(block.reference_error.max().item<double>(), bound) << what;
  EXPECT_TRUE((block.reference_error <= block.error_estimate.clamp_min(1e-12)).all().item<bool>()) << what;
}

TEST(Trainer, SolvesAProblemOfOnePatch) {
  const auto block = train(one_patch_decay, "output: {points: 33}",
                           at::tensor({0.3, 40.0, 1.0, 5.0}, at::kDouble).view({2, 2}));
  EXPECT_EQ(block.crossovers.size(0), 0);
  expect_exact(block, 1e-8, "one patch");
}

TEST(Trainer, SolvesTwoUnknowns) {
  const auto block = train(reversible, "output: {points: 33}",
                           at::tensor({1.0, 0.5, 0.2, 3.0, 10.0, 10.0}, at::kDouble).view({3, 2}));
  expect_exact(block, 1e-8, "two unknowns");
  EXPECT_LT(test::distance(block.solution[0] + block.solution[1], at::ones({3, 33}, at::kDouble)),
            1e-7);  // conserved
}

TEST(Trainer, SolvesAnEquationOfOrderThree) {
  const auto block =
      train(third_order, "output: {points: 33}", at::tensor({1.0, 0.5}, at::kDouble).view({2, 1}));
  expect_exact(block, 1e-9, "order three");
  const auto x = at::linspace(0.0, 3.0, 33, at::kDouble);
  for (int i = 0; i < 3; ++i)
    EXPECT_LT(test::distance(block.solution[i][0], (i == 1 ? -1.0 : 1.0) * (-x).exp()), 1e-7);
}

TEST(Trainer, SolvesConditionsAtBothEnds) {
  expect_exact(
      train(hyperbolic_ends, "output: {points: 33}", at::tensor({0.5, 1.0, 4.0}, at::kDouble).unsqueeze(1)),
      1e-8, "hyperbolic");
  expect_exact(train(nonlinear_ends, "output: {points: 33}", at::ones({1, 1}, at::kDouble)), 1e-8,
               "nonlinear");
}

}  // namespace
}  // namespace gluesweep::training
