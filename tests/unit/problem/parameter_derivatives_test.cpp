#include "gluesweep/problem/parameter_derivatives.hpp"

#include <gtest/gtest.h>

#include "../../support/jobs.hpp"

namespace gluesweep::problem {
namespace {

using at::Tensor;

/// Two unknowns, frames whose state, rates and weights all depend on the parameters, one of them by
/// definitions.
constexpr const char* problem_text = R"yaml(name: pair
variable: {symbol: t, range: [0.1, 10], scale: log}
parameters: {f: {default: 1.3}, b: {default: 0.5}, idle: {default: 2}}
definitions: {s: "sqrt(f*b)"}
unknowns: {A: {magnitude: "abs(A) + s"}, B: {magnitude: "1"}}
equations: {A: "-f*A + b*B**2", B: "s*A - b*B*t"}
conditions: [{at: start, A: "f/b", B: "s*t"}]
patches:
  - name: one
    constants: {p: "1", q: "0.2"}
    solution: {A: "p*exp(-f*t)", B: "q*exp(s*t)/(1 + p)"}
derived: {sum: "one_p_limit*f + A_end*b**2", other: "one_q_limit"}
)yaml";

struct Pair : ::testing::Test {
  job::Problem problem = test::job_of(problem_text).problem;
  System system{problem};
  ParameterDerivatives derivatives{problem, {1, 0}};  // by b, then by f
  Tensor t = test::row({0.3, 0.9, 2.0});
  Tensors theta = test::columns_of(at::tensor({1.3, 0.5, 2.0}, at::kDouble).unsqueeze(0));
  Tensors constants{test::row({1.1, 0.8, 0.7}), test::row({0.3, 0.25, 0.4})};

  /// Central differences of `values` by input i, of theta or constants.
  template <class Values>
  static Tensors differences(const Values& values, Tensors inputs, std::size_t i) {
    const double h = 1e-6;
    const auto middle = inputs[i];
    inputs[i] = middle + h;
    const Tensors above = values(inputs);
    inputs[i] = middle - h;
    const Tensors below = values(inputs);
    Tensors slopes;
    for (std::size_t k = 0; k < above.size(); ++k) slopes.push_back((above[k] - below[k]) / (2.0 * h));
    return slopes;
  }
};

TEST_F(Pair, StateAndRateByParameters) {
  const auto& frame = system.frame(0);
  const auto state = derivatives.frame(0).state(t, theta, constants);
  const auto rate = derivatives.frame(0).rate(t, theta, constants);
  ASSERT_EQ(state.size(), 4u);
  ASSERT_EQ(rate.size(), 4u);
  for (const std::size_t j : {0u, 1u}) {
    const auto by_state = differences(
        [&](const Tensors& at_theta) { return frame.state(t, at_theta, constants); }, theta, 1 - j);
    const auto by_rate = differences(
        [&](const Tensors& at_theta) { return frame.rate(t, at_theta, constants); }, theta, 1 - j);
    for (const std::size_t i : {0u, 1u}) {
      EXPECT_LT(test::distance(state[j * 2 + i], by_state[i]), 1e-8);
      EXPECT_LT(test::distance(rate[j * 2 + i], by_rate[i]), 1e-7);
    }
  }
}

TEST_F(Pair, LogarithmOfTheDriftSize) {
  const auto& frame = system.frame(0);
  const auto drift = derivatives.frame(0).drift(t, theta, constants);
  const auto by_theta = [&](const Tensors& values) {
    return Tensors{frame.drift_size(t, values, constants).log()};
  };
  const auto by_constants = [&](const Tensors& values) {
    return Tensors{frame.drift_size(t, theta, values).log()};
  };
  for (const std::size_t j : {0u, 1u}) {
    EXPECT_LT(test::distance(drift.by_parameter[j], differences(by_theta, theta, 1 - j).front()), 1e-7);
    EXPECT_LT(test::distance(drift.by_constant[j], differences(by_constants, constants, j).front()), 1e-7);
  }
  // Along a solution the constants move with their rates.
  const auto rate = frame.rate(t, theta, constants);
  const double h = 1e-6;
  const auto moved = [&](double sign) {
    Tensors values;
    for (std::size_t k = 0; k < 2; ++k) values.push_back(constants[k] + sign * h * rate[k]);
    return frame.drift_size(t + sign * h, theta, values).log();
  };
  EXPECT_LT(test::distance(drift.by_place, (moved(1.0) - moved(-1.0)) / (2.0 * h)), 1e-7);
}

TEST_F(Pair, ConditionsAndDerivedQuantities) {
  const double f = 1.3, b = 0.5;
  const auto first = derivatives.target(0, theta), second = derivatives.target(1, theta);
  EXPECT_NEAR(first[0].item<double>(), -f / (b * b), 1e-14);
  EXPECT_NEAR(first[1].item<double>(), 1.0 / b, 1e-14);
  EXPECT_NEAR(second[0].item<double>(), 0.1 * 0.5 * std::sqrt(f / b), 1e-14);  // at the start, t = 0.1
  Tensors inputs;  // the limits of p and q, no crossover, the end state of A and B
  for (const double value : {2.0, 3.0, 5.0, 7.0}) inputs.push_back(test::column({value}));
  const auto derived = derivatives.derived(theta, inputs);
  ASSERT_EQ(derived.by_parameter.size(), 4u);
  ASSERT_EQ(derived.by_input.size(), 8u);
  const std::vector<double> by_parameter{5.0 * 2.0 * b, 2.0, 0.0, 0.0};
  const std::vector<double> by_input{f, 0.0, b * b, 0.0, 0.0, 1.0, 0.0, 0.0};
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(derived.by_parameter[i].item<double>(), by_parameter[i], 1e-14);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_NEAR(derived.by_input[i].item<double>(), by_input[i], 1e-14);
}

}  // namespace
}  // namespace gluesweep::problem
