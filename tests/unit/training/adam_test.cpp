#include "../../../src/training/adam.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "../../support/jobs.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

/// y' = -rate y on xi in [-1, 1] with y(-1) = 1, one rate a point; y is the network itself. Beyond `limit`
/// the loss is undefined.
class Decay : public PointwiseEquation {
 public:
  Decay(const std::vector<double>& rates, const Samples& samples, double limit = INFINITY)
      : rate_(at::tensor(rates, at::kDouble).view({-1, 1, 1})), samples_(samples), limit_(limit) {}

  std::int64_t points() const override { return rate_.size(0); }
  std::int64_t networks() const override { return 1; }
  std::int64_t sets() const override { return samples_.sets(); }
  Tensor places(std::int64_t set) const override {
    const auto start = at::full({1}, -1.0, at::kDouble);
    return at::cat({samples_.xi.select(0, set), start}).expand({points(), 1, -1});
  }
  Loss loss(std::int64_t, double, const Tensor& value, const Tensor& slope) const override {
    const auto m = samples_.size();
    Tensor residual = slope + rate_ * value;
    residual.select(2, m).copy_(value.select(2, m) - 1.0);
    residual = at::where(rate_ * value > limit_, at::full_like(residual, NAN), residual);
    Tensor of_slope = 2.0 * residual;
    Tensor of_value = of_slope * rate_;
    of_value.select(2, m).copy_(2.0 * residual.select(2, m));
    of_slope.select(2, m).zero_();
    return {residual.square().sum({1, 2}), residual.abs().amax({1, 2}), of_value, of_slope};
  }

 private:
  Tensor rate_;
  Samples samples_;
  double limit_;
};

AdamFit fit(const Decay& equation, int steps) {
  job::Adam settings;
  settings.steps = steps;
  settings.width = 8;
  return adam(equation, network::Perceptron(8, 2), settings, 3, at::kDouble);
}

double error(const AdamFit& fit, std::int64_t point, double rate) {
  const auto xi = at::linspace(-1.0, 1.0, 33, at::kDouble);
  const auto output = network::Perceptron(8, 2).forward(fit.weights[point], xi);
  return test::distance(output.value[0], (-rate * (xi + 1.0)).exp());
}

TEST(Samples, HaveOnePlaceInEachStratumAndFollowFromTheSeed) {
  const auto samples = Samples::stratified(11, 5, 16);
  EXPECT_EQ(samples.sets(), 5);
  EXPECT_EQ(samples.size(), 16);
  const auto cell = ((samples.xi + 1.0) * 8.0).floor();
  EXPECT_TRUE(at::equal(cell, at::arange(16, at::kDouble).expand({5, 16})));
  EXPECT_FALSE(at::equal(samples.xi[0], samples.xi[1]));
  EXPECT_TRUE(at::equal(samples.xi, Samples::stratified(11, 5, 16).xi));
  EXPECT_TRUE(at::equal(samples.xi[2], Samples::stratified(11, 9, 16).xi[2]))
      << "a function of seed and number";
  EXPECT_FALSE(at::equal(samples.xi[0], Samples::stratified(12, 5, 16).xi[0]));
  EXPECT_LT(test::distance(samples.xi[4], (at::arange(16, at::kDouble) + 0.5) / 8.0 - 1.0), 1e-15);
}

TEST(Adam, TrainsEveryPointsOwnNetwork) {
  const Decay equation({0.5, 2.0}, Samples::stratified(1, 9, 32));
  const auto few = fit(equation, 300), many = fit(equation, 3000);
  for (const std::int64_t point : {0, 1}) {
    const double rate = point == 0 ? 0.5 : 2.0;
    EXPECT_LT(error(few, point, rate), 0.1);
    EXPECT_LT(error(many, point, rate), 1e-3);
    EXPECT_LT(error(many, point, rate), 0.2 * error(few, point, rate));
  }
  EXPECT_TRUE((many.loss < few.loss).all().item<bool>());
  EXPECT_TRUE(many.finite.all().item<bool>());
  EXPECT_TRUE((many.iterations == 3000).all().item<bool>());
}

TEST(Adam, APointsNetworkDoesNotDependOnTheOthers) {
  const auto samples = Samples::stratified(1, 9, 32);
  const auto both = fit(Decay({0.5, 2.0}, samples), 200), alone = fit(Decay({2.0}, samples), 200);
  EXPECT_TRUE(at::equal(both.weights[1], alone.weights[0]));
  EXPECT_TRUE(at::equal(both.residual[1], alone.residual[0]));
}

TEST(Adam, APointThatGoesNonFiniteKeepsItsLastFiniteWeights) {
  // The second point's rate times value reaches the limit on its way to 1.
  const auto samples = Samples::stratified(1, 9, 32);
  const auto broken = fit(Decay({0.5, 2.0}, samples, 1.0), 400), whole = fit(Decay({0.5}, samples), 400);
  EXPECT_TRUE(broken.finite[0].item<bool>());
  EXPECT_FALSE(broken.finite[1].item<bool>());
  EXPECT_GT(broken.iterations[1].item<int>(), 0);
  EXPECT_LT(broken.iterations[1].item<int>(), 400);
  EXPECT_TRUE(broken.weights.isfinite().all().item<bool>());
  EXPECT_TRUE(broken.residual.isfinite().all().item<bool>());
  EXPECT_TRUE(at::equal(broken.weights[0], whole.weights[0])) << "the other point is none the worse";
}

}  // namespace
}  // namespace gluesweep::training
