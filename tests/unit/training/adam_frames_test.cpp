#include "../../../src/training/adam_frames.hpp"

#include <gtest/gtest.h>

#include "../../support/jobs.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

/// Two unknowns, two patches, linear in the constants and with fixed error scales: the row weights are then
/// constant, and the cotangents are the whole derivative of the loss.
job::Job linear_job() {
  return test::job_of(R"yaml(name: linear
variable: {symbol: t, range: [0, 2], scale: linear}
parameters: {r: {default: 1}}
unknowns: {y: {order: 1, magnitude: "2"}, z: {order: 1, magnitude: "0.5"}}
equations: {y: "-r*y + z", z: "-2*z + 0.3*y"}
conditions: [{at: start, y: "1"}, {at: end, z: "0.5"}]
patches:
  - {name: one, constants: {a: "1", b: "1"}, solution: {y: "a*exp(-r*t)", z: "b + a*t"}, until: "0.7 + 0.1*r"}
  - {name: two, constants: {c: "1", d: "1"}, solution: {y: "c + d*t", z: "d*exp(-t)"}}
)yaml");
}

struct Case {
  explicit Case(const job::Job& job)
      : system(job.problem), elements(job.network.elements, job.network.nodes) {
    points.theta = {test::column({0.5, 1.5, 3.0})};
    points.regions = problem::make_regions(system, points.theta);
    points.matching = problem::match(system, points.theta, points.regions);
    points.maps = make_maps(system, points.theta, points.regions, points.matching);
    const auto coefficients = (at::arange(3 * 2 * network::Scale::terms, at::kDouble) * 1.3).sin();
    for (int p = 0; p < 2; ++p) scales.push_back({0.3 * coefficients.view({3, 2, -1})});
  }

  problem::System system;
  network::Elements elements;
  Points points;
  Scales scales;
};

TEST(FramesEquation, CotangentsAreTheDerivativesOfTheLoss) {
  const Case setup(linear_job());
  const FramesEquation equation(setup.system, setup.points, setup.scales, Samples::stratified(5, 3, 6));
  ASSERT_EQ(equation.networks(), 4);
  const auto places = equation.places(1);
  const auto number = at::arange(places.numel(), at::kDouble).view(places.sizes());
  const Tensor value = (number * 0.7).sin(), slope = (number * 1.1).cos();
  const auto loss = equation.loss(1, 1.0, value, slope);
  const double h = 1e-6;
  for (const bool of_value : {true, false}) {
    const auto direction = (number * 2.3).cos();
    const auto moved = [&](double step) {
      return equation.loss(1, 1.0, of_value ? value + step * direction : value,
                           of_value ? slope : slope + step * direction);
    };
    const auto expected = (moved(h).loss - moved(-h).loss) / (2.0 * h);
    const auto found = ((of_value ? loss.value : loss.slope) * direction).sum({1, 2});
    EXPECT_LT(test::relative_distance(found, expected), 1e-6) << (of_value ? "value" : "slope");
  }
}

TEST(FramesEquation, PlacesStayInTheRegions) {
  const Case setup(linear_job());
  const FramesEquation equation(setup.system, setup.points, setup.scales, Samples::stratified(5, 3, 6));
  for (std::int64_t set = 0; set < 3; ++set) {
    const auto xi = equation.places(set);
    EXPECT_TRUE((xi.abs() <= 1.0).all().item<bool>());
    // 6 samples, 8 places of the glue, 2 conditions.
    EXPECT_EQ(xi.sizes(), (at::IntArrayRef{3, 4, 16}));
  }
}

TEST(FramesEquation, TheTrueCoefficientsHaveNoLoss) {
  // One patch whose constants are constant: N = 0 everywhere is the solution.
  const auto job = test::job_of(R"yaml(name: exact
variable: {symbol: t, range: [0, 2], scale: linear}
parameters: {r: {default: 1}}
unknowns: {y: {order: 1}}
equations: {y: "-r*y"}
conditions: [{at: start, y: "1"}]
patches: [{name: only, constants: {a: "1"}, solution: {y: "a*exp(-r*t)"}}]
)yaml");
  const problem::System system(job.problem);
  Points points;
  points.theta = {test::column({0.5, 1.5})};
  points.regions = problem::make_regions(system, points.theta);
  points.matching = problem::match(system, points.theta, points.regions);
  points.maps = make_maps(system, points.theta, points.regions, points.matching);
  const Scales scales{{at::zeros({2, 1, network::Scale::terms}, at::kDouble)}};
  const FramesEquation equation(system, points, scales, Samples::stratified(5, 3, 6));
  const auto zero = at::zeros_like(equation.places(0));
  EXPECT_LT(test::largest(equation.loss(0, 1.0, zero, zero).largest), 1e-14);
  EXPECT_GT(test::largest(equation.loss(0, 1.0, zero, zero + 0.1).largest), 0.01);
}

}  // namespace
}  // namespace gluesweep::training
