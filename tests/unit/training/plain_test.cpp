#include "../../../src/training/plain.hpp"

#include <gtest/gtest.h>

#include "../../support/jobs.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

constexpr const char* mixed = R"yaml(name: mixed
variable: {symbol: t, range: [1, 10], scale: log}
parameters: {r: {default: 1}}
unknowns: {y: {order: 1}, z: {order: 2, magnitude: "3"}}
equations: {y: "-r*y/t", z: "-0.1*z_t - z/t**2"}
conditions: [{at: start, y: "2", z: "0", z_t: "1"}]
patches:
  - {name: only, constants: {a: "2", b: "0", c: "1"}, solution: {y: "a*t**(-r)", z: "b + c*(t - 1)"}}
)yaml";

Points points_of(const problem::System& system) {
  Points points;
  points.theta = {test::column({0.5, 1.5, 3.0})};
  points.regions = problem::make_regions(system, points.theta);
  points.matching = problem::match(system, points.theta, points.regions);
  points.maps = make_maps(system, points.theta, points.regions, points.matching);
  return points;
}

TEST(PlainState, TakesLogarithmsWhereTheErrorScaleIsTheUnknownsOwnSize) {
  const auto job = test::job_of(mixed);
  const problem::System system(job.problem);
  const auto points = points_of(system);
  const PlainState variables(system, job.problem, points);
  EXPECT_TRUE(variables.logarithmic[0].all().item<bool>());
  EXPECT_FALSE(variables.logarithmic[1].any().item<bool>());
  EXPECT_FALSE(variables.logarithmic[2].any().item<bool>());
  // The range of log y in matching, r log 10, but at least 1.
  EXPECT_LT(test::distance(variables.unit[0], (points.theta[0] * std::log(10.0)).clamp_min(1.0)), 1e-12);
  EXPECT_LT(test::distance(variables.unit[1], test::column({9.0, 9.0, 9.0})), 1e-12);
  const auto state = variables.state(at::full({3, 3, 1}, 0.5, at::kDouble));
  EXPECT_LT(test::distance(state[0], 2.0 * (0.5 * variables.unit[0]).exp()), 1e-12);
  EXPECT_LT(test::distance(state[1], test::column({4.5, 4.5, 4.5})), 1e-12);
  const auto zero = variables.state(at::zeros({3, 3, 1}, at::kDouble));
  EXPECT_LT(test::distance(zero[2], test::column({1.0, 1.0, 1.0})), 1e-12) << "starts at the condition";
}

TEST(PlainState, NeedsAStartOtherThanZeroForALogarithm) {
  const auto job = test::job_of(test::replaced(mixed, "y: \"2\"", "y: \"0\""));
  const problem::System system(job.problem);
  EXPECT_FALSE(PlainState(system, job.problem, points_of(system)).logarithmic[0].any().item<bool>());
}

/// With y' = -r y / t and constant scales elsewhere all row weights are constant.
TEST(PlainEquation, CotangentsAreTheDerivativesOfTheLoss) {
  const auto job = test::job_of(mixed);
  const problem::System system(job.problem);
  const auto points = points_of(system);
  const PlainEquation equation(system, points, PlainState(system, job.problem, points),
                               Samples::stratified(5, 3, 6));
  ASSERT_EQ(equation.networks(), 3);
  const auto places = equation.places(1);
  const auto number = at::arange(places.numel(), at::kDouble).view(places.sizes());
  const Tensor value = 0.1 * (number * 0.7).sin(), slope = (number * 1.1).cos();
  const auto loss = equation.loss(1, 1.0, value, slope);
  const auto direction = (number * 2.3).cos();
  const double h = 1e-6;
  const auto slopes = (equation.loss(1, 1.0, value, slope + h * direction).loss -
                       equation.loss(1, 1.0, value, slope - h * direction).loss) /
                      (2.0 * h);
  EXPECT_LT(test::relative_distance((loss.slope * direction).sum({1, 2}), slopes), 1e-6);
  // The condition's row on y is relative to y itself, which its weight follows: leave that place alone.
  Tensor inside = direction.clone();
  inside.select(1, 0).narrow(1, 6, inside.size(2) - 6).zero_();
  const auto values = (equation.loss(1, 1.0, value + h * inside, slope).loss -
                       equation.loss(1, 1.0, value - h * inside, slope).loss) /
                      (2.0 * h);
  EXPECT_LT(test::relative_distance((loss.value * inside).sum({1, 2}), values), 1e-6);
}

TEST(PlainEquation, TheTrueSolutionHasNoLoss) {
  const auto job = test::job_of(R"yaml(name: power
variable: {symbol: t, range: [1, 10], scale: log}
parameters: {r: {default: 1}}
unknowns: {y: {order: 1}}
equations: {y: "-r*y/t"}
conditions: [{at: start, y: "2"}]
patches: [{name: only, constants: {a: "2"}, solution: {y: "a*t**(-r)"}}]
)yaml");
  const problem::System system(job.problem);
  const auto points = points_of(system);
  const PlainState variables(system, job.problem, points);
  const PlainEquation equation(system, points, variables, Samples::stratified(5, 3, 6));
  // log(y / 2) = -r (log 10) (xi + 1) / 2, and x = log t.
  const auto xi = equation.places(1);
  const auto per_xi = -points.theta[0].unsqueeze(2) * 0.5 * std::log(10.0) / variables.unit[0].unsqueeze(2);
  const auto loss = equation.loss(1, 1.0, per_xi * (xi + 1.0), per_xi.expand_as(xi));
  EXPECT_LT(test::largest(loss.largest), 1e-13);
  EXPECT_LT(test::largest(loss.value), 1e-12);
}

}  // namespace
}  // namespace gluesweep::training
