#include "gluesweep/network/decimation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "gluesweep/network/criticality.hpp"
#include "gluesweep/network/depth_curves.hpp"

namespace gluesweep::network {
namespace {

constexpr double unlikely = 4.0;  // standard errors, of a few dozen numbers

/// Largest deviation of measured from expected values, in standard errors.
double deviation(const Estimates& measured, const at::Tensor& expected) {
  return ((measured.value - expected) / measured.error).abs().max().item<double>();
}

struct Case {
  const char* name;
  Activation activation;
  Couplings couplings;
  Phase phase;
};

Couplings critical_couplings(Activation activation, double sigma_b) {
  const double sigma_w = critical_point(activation, sigma_b).sigma_w;
  return {sigma_w * sigma_w, sigma_b * sigma_b};
}

class Phases : public testing::TestWithParam<Case> {
 protected:
  const Sampling sampling{300, 24, 3};
};

TEST_P(Phases, DecimatedFlowIsThatOfTheMapItself) {
  const auto& [name, activation, couplings, phase] = GetParam();
  constexpr int steps = 3;
  const auto flow = mean_field_flow(activation, couplings, steps);
  const auto sampled = sampled_flow(activation, couplings, steps, sampling);
  ASSERT_EQ(flow.size(), 4u);
  EXPECT_EQ(MeanField(activation, couplings).fixed_point().phase, phase);
  std::vector<double> chi, weight, bias, length;
  for (const auto& step : flow) {
    chi.push_back(step.chi_1);
    weight.push_back(step.couplings.weight_variance);
    bias.push_back(step.couplings.bias_variance);
    length.push_back(step.length);
  }
  EXPECT_LT(deviation(sampled.chi_1, at::tensor(chi, at::kDouble)), unlikely);
  EXPECT_LT(deviation(sampled.weight_variance, at::tensor(weight, at::kDouble)), unlikely);
  EXPECT_LT(deviation(sampled.bias_variance, at::tensor(bias, at::kDouble)), unlikely);
  EXPECT_LT(deviation(sampled.length, at::tensor(length, at::kDouble)), unlikely);
  // Errors small enough for that to mean something.
  EXPECT_LT((sampled.weight_variance.error / sampled.weight_variance.value)[1].item<double>(), 0.03);
}

TEST_P(Phases, TheMapOfTwoLayersIsTheMapTwice) {
  const auto& [name, activation, couplings, phase] = GetParam();
  const auto map = two_step_map(activation, couplings, sampling);
  const auto inner = [](const at::Tensor& values) { return values.slice(0, 0, 10); };  // without c = 1
  EXPECT_LT(deviation({inner(map.sampled.value), inner(map.sampled.error)}, inner(map.composed)), unlikely);
  EXPECT_NEAR(map.composed[10].item<double>(), 1.0, 1e-12);
  EXPECT_NEAR(map.effective[10].item<double>(), 1.0, 1e-12);
  // The effective layer has the slope of two layers at c = 1.
  const auto flow = mean_field_flow(activation, couplings, 1);
  const MeanField one(activation, couplings), effective(activation, flow[1].couplings);
  EXPECT_NEAR(effective.correlation_slope(1.0, flow[1].length), std::pow(one.chi_1(flow[0].length), 2),
              1e-10);
  EXPECT_NEAR(effective.length(flow[1].length), flow[1].length, 1e-10);
}

INSTANTIATE_TEST_SUITE_P(All, Phases,
                         testing::Values(Case{"ordered", Activation::tanh, {1.2, 0.1}, Phase::ordered},
                                         Case{"critical", Activation::tanh,
                                              critical_couplings(Activation::tanh, 0.3), Phase::critical},
                                         Case{"chaotic", Activation::tanh, {3.0, 0.05}, Phase::chaotic},
                                         Case{"chaotic_sine", Activation::sine, {2.5, 0.0}, Phase::chaotic},
                                         Case{"ordered_gelu", Activation::gelu, {1.6, 0.1}, Phase::ordered}),
                         [](const testing::TestParamInfo<Case>& test) {
                           return std::string(test.param.name);
                         });

TEST(Decimation, FixedPointsOfTheFlow) {
  // Criticality stays where it is; order flows to sigma_w = 0, sigma_b^2 = q*.
  const auto critical = mean_field_flow(Activation::tanh, critical_couplings(Activation::tanh, 0.3), 6);
  EXPECT_NEAR(critical.back().couplings.weight_variance, critical.front().couplings.weight_variance, 1e-6);
  EXPECT_NEAR(critical.back().couplings.bias_variance, 0.09, 1e-6);
  const auto ordered = mean_field_flow(Activation::tanh, {1.2, 0.1}, 8);
  EXPECT_LT(ordered.back().couplings.weight_variance, 1e-6);
  EXPECT_NEAR(ordered.back().couplings.bias_variance, ordered.front().length, 1e-6);
  for (std::size_t step = 0; step + 1 < ordered.size(); ++step)
    EXPECT_NEAR(ordered[step + 1].correlation_depth, 0.5 * ordered[step].correlation_depth, 1e-9);
  EXPECT_TRUE(mean_field_flow(Activation::silu, {4.0, 0.1}, 3).empty());
}

TEST(Criticality, TheTransitionOfTanhIsFound) {
  for (const double sigma_b : {0.0, 0.3}) {
    const double expected = critical_point(Activation::tanh, sigma_b).sigma_w;
    const auto found = finite_depth_scaling(Activation::tanh, 1.04 * expected, sigma_b, 32, {400, 12, 4});
    EXPECT_NEAR(found.critical_sigma_w.value, expected, 0.01 * expected) << sigma_b;
    EXPECT_LT(found.critical_sigma_w.error, 0.006 * expected);
    EXPECT_NEAR(found.nu.value, 1.0, 0.05) << sigma_b;
  }
}

TEST(DepthCurves, RandomNetworksFollowThePrediction) {
  const auto places = at::tensor({-0.3, 0.1, 0.2, 0.9}, at::kDouble);
  const Pairs pairs{{0, 1}, {1, 2}, {2, 3}};
  const auto neurons = (4.0 * (places.unsqueeze(1) - at::linspace(-1.0, 1.0, 400, at::kDouble))).tanh();
  using Skip = job::Network::Skip;
  for (const Chain& chain :
       {Chain{Activation::tanh, {1.6, 0.1}}, Chain{Activation::sine, {2.0, 0.0}},
        Chain{Activation::gelu, {1.5, 0.1}}, Chain{Activation::silu, {1.2, 0.2}, Skip::residual, 0.4}}) {
    const auto predicted = predicted_curves(chain, neurons, pairs, 8);
    const auto sampled = sampled_curves(chain, neurons, pairs, 8, {400, 12, 6});
    EXPECT_EQ(predicted.length.sizes(), (at::IntArrayRef{7, 4}));
    EXPECT_LT(deviation({sampled.mean.length, sampled.error.length}, predicted.length), unlikely)
        << activation_name(chain.activation);
    EXPECT_LT(deviation({sampled.mean.correlation, sampled.error.correlation}, predicted.correlation),
              unlikely)
        << activation_name(chain.activation);
    // A single network scatters by some (2 l / width)^(1/2).
    EXPECT_LT(sampled.spread.length.div(predicted.length).max().item<double>(), 0.5);
  }
}

}  // namespace
}  // namespace gluesweep::network
