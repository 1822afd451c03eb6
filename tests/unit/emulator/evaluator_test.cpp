#include "gluesweep/emulator/evaluator.hpp"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "../../support/shipped_problems.hpp"
#include "small_emulator.hpp"

namespace gluesweep::emulator {
namespace {

using namespace gluesweep::emulator::test;
using gluesweep::test::distance;

/// What rounding alone may change, which is more than 1e-9 of a solution that starts from 0 in a thin layer:
/// four times the solution's change when
/// the places move by some last bits of the range.
double rounding(const SmallScan& scan, const Evaluator& evaluator, const at::Tensor& theta,
                const at::Tensor& t) {
  const auto exact = evaluator.exact_solution(theta, t);
  const auto bit = 0x1.0p-52 * (problem::System(scan.job.problem).log_scale() ? t : t[-1].expand_as(t));
  double largest = 0.0;
  for (const double bits : {-3.0, -2.0, -1.0, 1.0, 2.0, 3.0}) {
    const auto moved = at::minimum(at::maximum(t + bits * bit, t[0]), t[-1]);
    largest = std::max(largest, error_of(scan, theta, t, evaluator.exact_solution(theta, moved), exact));
  }
  return std::max(1.0e-9, 4.0 * largest);
}

class NineEmulators : public testing::TestWithParam<gluesweep::test::Shipped> {};

TEST_P(NineEmulators, GiveTheScanBackWhereItsNetworksAreKnown) {
  const auto scan = small_scan(GetParam().name, 12, nearest);
  const Evaluator evaluator(scan.emulator);
  const auto t = scan.places();
  std::vector<at::Tensor> unknowns;
  const problem::System system(scan.job.problem);
  for (int u = 0; u < system.unknowns(); ++u) unknowns.push_back(scan.result.solution[system.component(u)]);
  const auto trained = at::stack(unknowns, 2);
  const double allowed = rounding(scan, evaluator, scan.theta, t);
  EXPECT_LE(error_of(scan, scan.theta, t, evaluator.solution(scan.theta, t), trained), allowed);
  EXPECT_LE(error_of(scan, scan.theta, t, evaluator.exact_solution(scan.theta, t), trained), allowed);
}

TEST_P(NineEmulators, AreTheSameFastAndExactBetweenThem) {
  const auto scan = small_scan(GetParam().name, 24, cubic);
  const Evaluator evaluator(scan.emulator, Outside::extrapolated);
  const auto theta = 0.5 * (scan.theta.slice(0, 0, 12) + scan.theta.slice(0, 12));
  const auto t = at::tensor(scan.job.output_points(), at::kDouble);
  const auto exact = evaluator.exact_solution(theta, t);
  EXPECT_LE(error_of(scan, theta, t, evaluator.solution(theta, t), exact),
            rounding(scan, evaluator, theta, t));
}

INSTANTIATE_TEST_SUITE_P(Problems, NineEmulators, testing::ValuesIn(gluesweep::test::shipped()),
                         [](const auto& problem) { return problem.param.name; });

class Decay : public testing::Test {
 protected:
  const SmallScan scan = small_scan("mixed_order_decay", 200, cubic);
  const Evaluator evaluator{scan.emulator};
};

TEST_F(Decay, ResultsDoNotDependOnTheThreadsNorOnTheOrderOfThePlaces) {
  const auto t = scan.places();
  const auto once = evaluator.solution(scan.theta, t);
  const Evaluator shared(scan.emulator, Outside::undefined, 3);
  EXPECT_TRUE(at::equal(shared.solution(scan.theta, t), once));
  const auto order = at::randperm(t.size(0));
  EXPECT_TRUE(
      at::equal(evaluator.solution(scan.theta, t.index_select(0, order)), once.index_select(1, order)));
}

TEST_F(Decay, NothingIsGuessedOutsideTheDomains) {
  const auto t = at::tensor({0.5e-4, 1.0e-4, 1.0, 1.0e2, 1.1e2, -1.0}, at::kDouble);
  const auto theta = at::tensor({0.1, 100.0, 0.1, 2000.0, -1.0, 100.0}, at::kDouble).view({3, 2});
  for (const auto& values : {evaluator.solution(theta, t), evaluator.exact_solution(theta, t)}) {
    const std::vector<bool> known{false, true, true, true, false, false};
    for (std::int64_t i = 0; i < 6; ++i) {
      EXPECT_EQ(values[0][i][0].isfinite().item<bool>(), known[static_cast<std::size_t>(i)]) << i;
      EXPECT_TRUE(values[1][i][0].isnan().item<bool>());
      EXPECT_TRUE(values[2][i][0].isnan().item<bool>());
    }
  }
  const auto inside = evaluator.inside(theta);
  EXPECT_TRUE(inside[0].item<bool>());
  EXPECT_FALSE(inside[1].item<bool>() || inside[2].item<bool>());
  EXPECT_TRUE(evaluator.scalars(theta)[1].isnan().all().item<bool>());
  EXPECT_TRUE(evaluator.expected_error(theta)[1].isnan().item<bool>());
  const Evaluator bold(scan.emulator, Outside::extrapolated);
  EXPECT_TRUE(bold.solution(theta, t)[1][2].isfinite().all().item<bool>());
}

TEST_F(Decay, GradientsAreThoseOfDifferences) {
  const auto theta = scan.theta.slice(0, 0, 5).clone().set_requires_grad(true);
  const auto t = at::logspace(-3.0, 1.5, 7, 10.0, at::kDouble).set_requires_grad(true);
  const auto values = evaluator.exact_solution(theta, t).log();
  const auto slopes = torch::autograd::grad({values.sum()}, {theta, t});
  const double step = 1e-5;
  const auto bare = theta.detach(), places = t.detach();
  for (std::int64_t a = 0; a < 2; ++a) {
    auto more = bare.clone(), less = bare.clone();
    more.select(1, a).mul_(1.0 + step);
    less.select(1, a).mul_(1.0 - step);
    const auto difference = (evaluator.solution(more, places).log() - evaluator.solution(less, places).log())
                                .sum(at::IntArrayRef{1, 2});
    const auto expected = difference / (2.0 * step * bare.select(1, a));
    EXPECT_LT(gluesweep::test::relative_distance(slopes[0].select(1, a), expected), 1e-5);
  }
  const auto difference = (evaluator.solution(bare, places * (1.0 + step)).log() -
                           evaluator.solution(bare, places * (1.0 - step)).log())
                              .sum(at::IntArrayRef{0, 2});
  EXPECT_LT(gluesweep::test::relative_distance(slopes[1], difference / (2.0 * step * places)), 1e-5);
}

TEST_F(Decay, CoefficientsMakeUpTheSolution) {
  const auto theta = scan.theta.slice(0, 0, 5);
  const auto t = scan.places();
  const auto coefficients = evaluator.coefficients(theta, t);
  const auto early = 1.0 / (coefficients.select(2, 0) + theta.narrow(1, 1, 1) * t);
  const auto late = (coefficients.select(2, 1) - theta.narrow(1, 0, 1) * t).exp();
  const auto solution = evaluator.exact_solution(theta, t).select(2, 0);
  EXPECT_TRUE((coefficients.isfinite().any(2)).all().item<bool>());
  EXPECT_TRUE((coefficients.isnan().any(2)).any().item<bool>());
  const auto first = t < 1.0 / theta.narrow(1, 0, 1);
  EXPECT_LT(gluesweep::test::relative_distance(at::where(first, early, late), solution), 1e-12);
}

TEST_F(Decay, ScalarsAreTheRegressions) {
  EXPECT_EQ(evaluator.scalars(scan.theta).sizes(), (at::IntArrayRef{200, scan.result.derived.size(0)}));
  const auto expected = (*scan.emulator->quantities)(scan.emulator->training_z).exp();
  EXPECT_LT(gluesweep::test::relative_distance(evaluator.scalars(scan.theta), expected), 1e-14);
}

}  // namespace
}  // namespace gluesweep::emulator
