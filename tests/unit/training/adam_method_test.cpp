#include <gtest/gtest.h>

#include "../../../src/training/method.hpp"
#include "../../support/jobs.hpp"
#include "gluesweep/network/map.hpp"
#include "gluesweep/network/perceptron.hpp"
#include "gluesweep/network/scale.hpp"
#include "gluesweep/training/trainer.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

BlockResult trained(const std::string& problem, const Tensor& parameters,
                    const std::vector<std::string>& settings) {
  std::vector<std::string> all{"output.points=17"};
  all.insert(all.end(), settings.begin(), settings.end());
  return Trainer(test::shipped_job(problem, all), at::kCPU).train(parameters);
}

Tensor decay_points() { return at::tensor({0.05, 20.0, 1.0, 0.3, 100.0, 1.0}, at::kDouble).view({2, 3}); }

class AdamMethods : public ::testing::TestWithParam<const char*> {
 protected:
  std::string method() const { return std::string("training.method=") + GetParam(); }
  BlockResult run(const Tensor& parameters, int steps) const {
    return trained("mixed_order_decay", parameters,
                   {method(), "training.adam.steps=" + std::to_string(steps), "training.adam.width=16",
                    "training.adam.points=64"});
  }
};

TEST_P(AdamMethods, MoreStepsAreBetterAndBeatMatching) {
  const auto few = run(decay_points(), 50), many = run(decay_points(), 1500);
  const auto matching = trained("mixed_order_decay", decay_points(), {"training.method=matching"});
  EXPECT_TRUE((many.reference_error < few.reference_error).all().item<bool>());
  EXPECT_TRUE((many.reference_error < 0.2 * matching.reference_error).all().item<bool>())
      << many.reference_error << matching.reference_error;
  // Status and estimate as for any method: nothing at a percent is called converged.
  EXPECT_TRUE((many.status == static_cast<int>(Status::not_converged)).all().item<bool>());
  EXPECT_TRUE((many.error_estimate > 0.3 * many.reference_error).all().item<bool>());
  EXPECT_TRUE((many.iterations == 1500).all().item<bool>());
}

TEST_P(AdamMethods, APointIsBitwiseTheSameAloneAndInABlock) {
  const auto parameters =
      at::cat({decay_points(),
               at::tensor({0.9, 800.0, 1.0, 0.1, 300.0, 1.0, 0.031, 41.0, 1.0, 0.017, 11.0, 1.0}, at::kDouble)
                   .view({4, 3})});
  const auto few = std::vector<std::string>{method(), "training.adam.steps=20"};
  const auto block = trained("mixed_order_decay", parameters, few);
  for (std::int64_t i = 0; i < parameters.size(0); ++i) {
    const auto alone = trained("mixed_order_decay", parameters.narrow(0, i, 1), few);
    EXPECT_TRUE(at::equal(alone.head[0], block.head[i])) << i;
    EXPECT_TRUE(at::equal(alone.solution.select(1, 0), block.solution.select(1, i))) << i;
    EXPECT_TRUE(at::equal(alone.defect[0], block.defect[i])) << i;
  }
}

TEST_P(AdamMethods, SeedDecides) {
  const auto first = run(decay_points(), 10);
  EXPECT_TRUE(at::equal(first.head, run(decay_points(), 10).head));
  const auto other = trained("mixed_order_decay", decay_points(),
                             {method(), "training.adam.steps=10", "training.adam.width=16",
                              "training.adam.points=64", "network.seed=5"});
  EXPECT_FALSE(at::equal(first.head, other.head));
}

TEST_P(AdamMethods, RunOnEveryKindOfProblem) {
  for (const auto& [problem, parameter] : std::vector<std::pair<std::string, double>>{
           {"freeze_out", 1.0e8}, {"misaligned_scalar", 3.0}, {"boundary_layer", 0.05}}) {
    const auto job = test::shipped_job(problem, {method(), "training.adam.steps=5", "output.points=9"});
    const Trainer trainer(job, at::kCPU);
    Tensor parameters = at::empty({1, static_cast<std::int64_t>(job.problem.parameters.size())}, at::kDouble);
    for (std::size_t i = 0; i < job.problem.parameters.size(); ++i) {
      parameters[0][static_cast<std::int64_t>(i)] =
          i == 0 ? parameter : job.problem.parameters[i].default_value;
    }
    const auto block = trainer.train(parameters);
    EXPECT_EQ(block.status[0].item<int>(), static_cast<int>(Status::not_converged)) << problem;
    EXPECT_TRUE(block.solution.isfinite().all().item<bool>()) << problem;
    EXPECT_EQ(block.head.size(1), trainer.head_features()) << problem;
    EXPECT_EQ(block.head.size(2), trainer.head_columns()) << problem;
  }
}

INSTANTIATE_TEST_SUITE_P(All, AdamMethods, ::testing::Values("adam", "plain"));

TEST(AdamMethod, StoredArraysGiveTheCoefficients) {
  const auto block =
      trained("mixed_order_decay", decay_points(), {"training.method=adam", "training.adam.steps=40"});
  const network::Perceptron perceptron(32, 2);
  const auto t = at::logspace(-4.0, 2.0, 17, 10.0, at::kDouble).expand({2, 17});
  for (std::int64_t k = 0; k < 2; ++k) {
    const auto map = network::Map::unpacked(block.map.select(1, k));
    const auto xi = map.xi(t.log()), inside = (t.log() >= map.start) & (t.log() <= map.end);
    const auto weights = block.head.select(2, k);  // W numbers, then the matching constant
    const auto value = perceptron.forward(weights.narrow(1, 0, perceptron.size()), xi.clamp(-1.0, 1.0)).value;
    const network::Scale scale{block.scale.narrow(1, k, 1)};
    const auto expected =
        weights.narrow(1, perceptron.size(), 1) + scale.at(xi.clamp(-1.0, 1.0)).squeeze(1) * value;
    const auto difference =
        at::where(inside, block.coefficients[k] / expected - 1.0, at::zeros_like(expected));
    EXPECT_GT(inside.sum().item<int>(), 5);
    EXPECT_LT(test::largest(difference), 1e-10) << k;
  }
}

TEST(PlainMethod, StoredArraysGiveTheSolution) {
  const auto block =
      trained("mixed_order_decay", decay_points(), {"training.method=plain", "training.adam.steps=40"});
  const network::Perceptron perceptron(32, 2);
  const auto xi = at::linspace(-1.0, 1.0, 17, at::kDouble);
  const auto head = block.head.select(2, 0);  // W numbers, then U0, unit, 1 for a logarithm
  const auto value = perceptron.forward(head.narrow(1, 0, perceptron.size()), xi).value;
  const auto extra = [&](std::int64_t i) { return head.narrow(1, perceptron.size() + i, 1); };
  EXPECT_TRUE((extra(2) == 1.0).all().item<bool>());
  EXPECT_LT(test::relative_distance(block.solution[0], extra(0) * (extra(1) * value).exp()), 1e-10);
}

}  // namespace
}  // namespace gluesweep::training
