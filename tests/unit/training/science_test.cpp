#include <gtest/gtest.h>

#include <cmath>

#include "../../support/shipped_problems.hpp"
#include "example_problems.hpp"
#include "gluesweep/training/trainer.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

double median_of(const Tensor& values) { return values.median().item<double>(); }

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
