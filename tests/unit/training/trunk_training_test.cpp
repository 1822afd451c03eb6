#include "../../../src/training/trunk_training.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "../../support/jobs.hpp"
#include "gluesweep/training/trainer.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

job::Network layers(int features, int width, int count) {
  job::Network network;
  network.features = features;
  network.width = width;
  network.layers = count;
  network.train = {1, 0};
  return network;
}

/// Steps of different widths at different places.
Tensor steps(const Tensor& xi, double shift) {
  std::vector<Tensor> all;
  for (int i = 0; i < 12; ++i)
    all.push_back(((xi - 0.7 + 0.1 * i + shift) * (3.0 + 2.0 * (i % 5))).tanh() + 0.2 * i);
  return at::stack(all);
}

double misfit(const network::Trunk& trunk, const network::Elements& elements, const Tensor& functions) {
  const auto features = trunk.features(elements.xi);
  const auto heads = at::linalg_pinv(features, 1e-13);
  return (functions.t() - at::matmul(features, at::matmul(heads, functions.t()))).abs().max().item<double>();
}

struct Case {
  job::Network network;
  const network::Elements elements{40, 5}, finer{80, 5};
  network::Trunk drawn{network, elements}, trained{network, elements};
};

TEST(TrunkTraining, ChoosesTheFeaturesThatRepresentTheFunctions) {
  Case c{layers(20, 120, 1)};
  train_trunk(c.network, c.trained, c.elements, c.finer, steps(c.finer.xi, 0.0));
  EXPECT_EQ(c.trained.size(), c.drawn.size());
  const auto seen = steps(c.elements.xi, 0.0), alike = steps(c.elements.xi, 0.001);
  EXPECT_GT(misfit(c.drawn, c.elements, seen), 1e-3);
  EXPECT_LT(misfit(c.trained, c.elements, seen), 1e-8);
  EXPECT_LT(misfit(c.trained, c.elements, alike), 0.1 * misfit(c.drawn, c.elements, alike));
  const auto features = c.trained.features(c.elements.xi);
  const auto gram = at::matmul(features.t(), features) / static_cast<double>(c.elements.size());
  EXPECT_LT(test::distance(gram, at::eye(c.trained.size(), at::kDouble)), 5e-3);
}

class Optimised : public testing::TestWithParam<int> {};

TEST_P(Optimised, HiddenLayersRepresentTheFunctionsBetter) {
  Case c{layers(20, 20, GetParam())};
  c.network.train.steps = 60;
  const auto functions = steps(c.finer.xi, 0.0);
  train_trunk(c.network, c.trained, c.elements, c.finer, functions);
  const auto seen = steps(c.elements.xi, 0.0);
  EXPECT_LT(misfit(c.trained, c.elements, seen), 0.2 * misfit(c.drawn, c.elements, seen));
  network::Trunk again(c.network, c.elements);
  train_trunk(c.network, again, c.elements, c.finer, functions);
  EXPECT_TRUE(at::equal(again.features(c.elements.xi), c.trained.features(c.elements.xi)));
}

INSTANTIATE_TEST_SUITE_P(Layers, Optimised, testing::Values(1, 2));

TEST(TrunkTraining, LeavesOutPilotsWithoutSolution) {
  const auto job = test::default_job("mixed_order_decay", {"output.points=10"});
  const auto good = at::tensor({0.02, 15.0, 1.0, 0.3, 400.0, 1.0, 0.9, 800.0, 1.0}, at::kDouble).view({3, 3});
  const auto bad = at::tensor({0.1, NAN, 1.0}, at::kDouble).view({1, 3});
  Trainer one(job, at::kCPU), other(job, at::kCPU), none(job, at::kCPU);
  EXPECT_EQ(one.train_trunk(good), 3);
  EXPECT_EQ(other.train_trunk(at::cat({good, bad}, 0)), 3);
  EXPECT_EQ(none.train_trunk(bad), 0);
  const auto arrays = one.trunk_arrays(), same = other.trunk_arrays(), drawn = none.trunk_arrays();
  const Trainer untouched(job, at::kCPU);
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    EXPECT_TRUE(at::equal(arrays[i].second, same[i].second)) << arrays[i].first;
    EXPECT_TRUE(at::equal(drawn[i].second, untouched.trunk_arrays()[i].second)) << arrays[i].first;
  }
}

// Layers thinner than rounding: some have no solution, others one that is no smooth function.
TEST(TrunkTraining, AbsurdPilotsDoNotSpoilTheOthers) {
  const auto job = test::default_job("boundary_layer", {"training.rescue=false", "output.points=10"});
  const auto points = [](double low, double high) {
    return at::exp(at::linspace(std::log(low), std::log(high), 24, at::kDouble)).unsqueeze(1);
  };
  Trainer trainer(job, at::kCPU);
  trainer.train_trunk(at::cat({points(1e-3, 0.1), points(1e-8, 1e-6)}, 0));
  EXPECT_LT(trainer.train(points(1.1e-3, 0.09)).error_estimate.max().item<double>(), 1e-8);
}

TEST(TrunkTraining, MakesASweepWithFewFeaturesMoreExact) {
  const auto error = [](const std::string& train) {
    const auto job = test::default_job("mixed_order_decay",
                                       {"network.features=32", "training.rescue=false", "output.points=10",
                                        "network.trunk={width: 160, train: " + train + "}"});
    const auto column = [](double low, double high) {
      return at::exp(at::linspace(std::log(low), std::log(high), 16, at::kDouble));
    };
    const auto theta = [&](double low, double high) {
      std::vector<Tensor> columns;
      for (const auto& parameter : job.problem.parameters) {
        const auto value = at::full({16}, parameter.default_value, at::kDouble);
        columns.push_back(parameter.name == "k1"   ? column(low, high)
                          : parameter.name == "k2" ? column(1000 * low, 1000 * high).flip(0)
                                                   : value);
      }
      return at::stack(columns, 1);
    };
    Trainer trainer(job, at::kCPU);
    trainer.train_trunk(theta(0.01, 1.0));
    return trainer.train(theta(0.012, 0.9)).error_estimate.max().item<double>();
  };
  EXPECT_LT(error("{points: 16, steps: 0}"), 0.05 * error("none"));
}

}  // namespace
}  // namespace gluesweep::training
