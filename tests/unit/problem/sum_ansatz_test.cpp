#include "gluesweep/problem/sum_ansatz.hpp"

#include <gtest/gtest.h>

#include <array>

#include "../../support/jobs.hpp"
#include "example_problems.hpp"

namespace gluesweep::problem {
namespace {

using at::Tensor;
using test::column;
using test::distance;
using test::row;

Tensors defaults(const job::Problem& problem) {
  Tensors theta;
  for (const auto& parameter : problem.parameters) theta.push_back(column({parameter.default_value}));
  return theta;
}

/// A problem with constants and slopes at which everything is of order one.
struct Example {
  job::Problem problem;
  Tensors theta;
  Tensor t = row({0.3, 0.9, 2.0});
  Tensors constants, slopes;
  SumAnsatz sum;

  explicit Example(const char* text)
      : problem(test::job_of(text).problem), theta(defaults(problem)), sum(problem) {
    for (int k = 0; k < sum.constants(); ++k) {
      constants.push_back(0.4 + 0.3 * k + 0.1 * t);
      slopes.push_back(0.2 - 0.15 * k + 0.05 * t * t);
    }
  }
};

const char* const examples[] = {decay, scalar, enzyme};

TEST(SumAnsatz, StateIsTheSumOfTheFrames) {
  for (const auto* text : examples) {
    const Example example(text);
    const System system(example.problem);
    const auto n = static_cast<std::size_t>(example.sum.size());
    ASSERT_EQ(example.sum.constants(), system.size() * system.patches());
    Tensors expected(n, at::zeros_like(example.t));
    for (int p = 0; p < system.patches(); ++p) {
      const auto first = example.constants.begin() + p * system.size();
      const auto own = system.frame(p).response(example.t, example.theta, {first, first + system.size()});
      const auto response = example.sum.response(example.t, example.theta, example.constants);
      for (std::size_t i = 0; i < n; ++i) {
        expected[i] = expected[i] + own.state[i];
        for (std::size_t k = 0; k < n; ++k) {
          const auto all = static_cast<std::size_t>(p) * n + k;
          const auto& entry = response.jacobian[i * static_cast<std::size_t>(example.sum.constants()) + all];
          EXPECT_LT(distance(entry, own.jacobian[i * n + k]), 1e-12 * (1.0 + test::largest(entry)));
        }
      }
    }
    const auto state = example.sum.state(example.t, example.theta, example.constants);
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_LT(distance(state[i], expected[i]), 1e-13 * (1.0 + test::largest(expected[i]))) << text;
    }
  }
}

/// r = dU/dt - f(t, U) along C(t) = C + C' (t - t_0): central differences of the state.
TEST(SumAnsatz, ResidualIsThatOfTheOriginalEquation) {
  for (const auto* text : examples) {
    const Example example(text);
    const System system(example.problem);
    const auto step = 1e-5 * example.t;
    const auto state_at = [&](double side) {
      Tensors moved;
      for (std::size_t k = 0; k < example.constants.size(); ++k) {
        moved.push_back(example.constants[k] + side * step * example.slopes[k]);
      }
      return example.sum.state(example.t + side * step, example.theta, moved);
    };
    const auto before = state_at(-1.0), after = state_at(1.0);
    Tensors inputs{example.t};
    for (const auto& more : {example.theta, example.sum.state(example.t, example.theta, example.constants)}) {
      inputs.insert(inputs.end(), more.begin(), more.end());
    }
    const auto right_side = system.right_side()(inputs);
    const auto residual =
        example.sum.residual(example.t, example.theta, example.constants, example.slopes).value;
    for (std::size_t i = 0; i < residual.size(); ++i) {
      const auto expected = (after[i] - before[i]) / (2.0 * step) - right_side[i];
      EXPECT_LT(test::largest((residual[i] - expected) / (1.0 + right_side[i].abs() + expected.abs())), 1e-6)
          << text << ", component " << i;
    }
  }
}

TEST(SumAnsatz, DerivativesAgreeWithFiniteDifferences) {
  for (const auto* text : examples) {
    const Example example(text);
    const auto all = static_cast<std::size_t>(example.sum.constants());
    const auto residual = example.sum.residual(example.t, example.theta, example.constants, example.slopes);
    for (std::size_t k = 0; k < all; ++k) {
      const auto difference = [&](bool of_slope) {
        const double step = 1e-5;
        std::array<Tensors, 2> sides;
        for (const int side : {0, 1}) {
          auto constants = example.constants, slopes = example.slopes;
          auto& moved = of_slope ? slopes[k] : constants[k];
          moved = moved + (side == 0 ? -step : step);
          sides[static_cast<std::size_t>(side)] =
              example.sum.residual(example.t, example.theta, constants, slopes).value;
        }
        for (std::size_t i = 0; i < sides[1].size(); ++i) {
          sides[1][i] = (sides[1][i] - sides[0][i]) / (2.0 * step);
        }
        return sides[1];
      };
      const auto by_constant = difference(false), by_slope = difference(true);
      for (std::size_t i = 0; i < by_constant.size(); ++i) {
        const auto size = 1.0 + residual.value[i].abs() + by_constant[i].abs();
        EXPECT_LT(test::largest((residual.by_constant[i * all + k] - by_constant[i]) / size), 1e-6);
        EXPECT_LT(test::largest((residual.by_slope[i * all + k] - by_slope[i]) / size), 1e-6);
      }
    }
  }
}

/// The lower derivative of the sum is that of its formulas: its residual is the variation alone, without the
/// cancelling rest.
TEST(SumAnsatz, LowerDerivativesAreByVariationOfConstants) {
  const Example example(scalar);
  const auto zero = Tensors(4, at::zeros_like(example.t));
  EXPECT_TRUE(at::equal(example.sum.residual(example.t, example.theta, example.constants, zero).value[0],
                        at::zeros_like(example.t)));
}

}  // namespace
}  // namespace gluesweep::problem
