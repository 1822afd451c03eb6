#include "../../../src/training/adam_sum.hpp"

#include <gtest/gtest.h>

#include "../../../src/training/sum_start.hpp"
#include "../../support/jobs.hpp"
#include "gluesweep/training/trainer.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

/// Linear in the constants, with fixed error scales: the row weights are constant, and the cotangents are the
/// whole derivative of the loss.
TEST(SumEquation, CotangentsAreTheDerivativesOfTheLoss) {
  const auto job = test::job_of(R"yaml(name: linear
variable: {symbol: t, range: [0, 2], scale: linear}
parameters: {r: {default: 1}}
unknowns: {y: {order: 1, magnitude: "2"}, z: {order: 1, magnitude: "0.5"}}
equations: {y: "-r*y + z", z: "-2*z + 0.3*y"}
conditions: [{at: start, y: "1"}, {at: end, z: "0.5"}]
patches:
  - {name: one, constants: {a: "1", b: "1"}, solution: {y: "a*exp(-r*t)", z: "b + a*t"}, until: "0.7 + 0.1*r"}
  - {name: two, constants: {c: "1", d: "1"}, solution: {y: "c + d*t", z: "d*exp(-t)"}}
)yaml");
  const problem::System system(job.problem);
  const problem::SumAnsatz ansatz(job.problem);
  Points points;
  points.theta = {test::column({0.5, 1.5, 3.0})};
  points.regions = problem::make_regions(system, points.theta);
  points.matching = problem::match(system, points.theta, points.regions);
  points.maps = make_maps(system, points.theta, points.regions, points.matching);
  const network::Scale scale{
      0.3 * (at::arange(3 * 4 * network::Scale::terms, at::kDouble) * 1.3).sin().view({3, 4, -1})};
  const SumEquation equation(system, ansatz, points, whole_map(points.maps), scale,
                             at::full({3, 4, 1}, 0.7, at::kDouble), Samples::stratified(5, 3, 6));
  ASSERT_EQ(equation.networks(), 4);
  const auto places = equation.places(1);
  ASSERT_EQ(places.sizes(), (at::IntArrayRef{3, 4, 8}));
  const auto number = at::arange(places.numel(), at::kDouble).view(places.sizes());
  const Tensor value = (number * 0.7).sin(), slope = (number * 1.1).cos();
  const auto loss = equation.loss(1, 0.0, value, slope);
  const auto direction = (number * 2.3).cos();
  const double h = 1e-6;
  const auto values = (equation.loss(1, 0.0, value + h * direction, slope).loss -
                       equation.loss(1, 0.0, value - h * direction, slope).loss) /
                      (2.0 * h);
  const auto slopes = (equation.loss(1, 0.0, value, slope + h * direction).loss -
                       equation.loss(1, 0.0, value, slope - h * direction).loss) /
                      (2.0 * h);
  EXPECT_LT(test::relative_distance((loss.value * direction).sum({1, 2}), values), 1e-6);
  EXPECT_LT(test::relative_distance((loss.slope * direction).sum({1, 2}), slopes), 1e-6);
  EXPECT_TRUE((equation.loss(1, 1.0, value, slope).loss < loss.loss).all().item<bool>())
      << "the weight of the variation falls";
}

TEST(SumEquation, APointIsBitwiseTheSameAloneAndInABlock) {
  const auto parameters =
      at::tensor({0.125, 24.0, 1.0, 0.05, 20.0, 1.0, 0.9, 800.0, 1.0, 0.3, 90.0, 1.0}, at::kDouble)
          .view({4, 3});
  const Trainer trainer(test::shipped_job("mixed_order_decay", {"training.method=adam", "training.ansatz=sum",
                                                                "training.adam.steps=20"}),
                        at::kCPU);
  const auto block = trainer.train(parameters);
  for (std::int64_t i = 0; i < 4; ++i) {
    const auto alone = trainer.train(parameters.narrow(0, i, 1));
    EXPECT_TRUE(at::equal(alone.head[0], block.head[i])) << i;
    EXPECT_TRUE(at::equal(alone.solution.select(1, 0), block.solution.select(1, i))) << i;
  }
}

TEST(SumEquation, MoreStepsAreBetterAndBeatMatching) {
  const auto run = [](int steps) {
    const auto job = test::shipped_job(
        "mixed_order_decay", {"training.method=adam", "training.ansatz=sum", "training.adam.width=16",
                              "training.adam.points=64", "training.adam.steps=" + std::to_string(steps)});
    return Trainer(job, at::kCPU)
        .train(at::tensor({0.125, 24.0, 1.0, 0.05, 20.0, 1.0}, at::kDouble).view({2, 3}));
  };
  const auto few = run(50), many = run(1500);
  EXPECT_TRUE((many.reference_error < few.reference_error).all().item<bool>());
  EXPECT_TRUE((many.reference_error < 0.3).all().item<bool>())
      << many.reference_error;  // matching: a factor e
  EXPECT_TRUE((many.status == static_cast<int>(Status::not_converged)).all().item<bool>());
}

}  // namespace
}  // namespace gluesweep::training
