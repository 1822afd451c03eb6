#include "gluesweep/reference/integrator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "../../support/jobs.hpp"
#include "../../support/reference_table.hpp"

namespace gluesweep::reference {
namespace {

using problem::System;
using test::job_of;
using test::shipped_job;

/// A problem in u(t) on [0, end] with a patch that plays no part here.
job::Job first_order(const std::string& equation, const std::string& end, const std::string& extra = "") {
  return job_of("name: example\nvariable: {symbol: t, range: [0, " + end +
                "], scale: linear}\nparameters: {a: {default: 1}}\n" +
                "unknowns: {u: {order: 1}}\nequations: {u: \"" + equation + "\"}\n" +
                (extra.empty() ? "conditions: [{at: start, u: \"a\"}]\n" : extra) +
                "patches: [{name: p, constants: {c: \"1\"}, solution: {u: \"c\"}}]\n");
}

/// The same in second order.
job::Job second_order(const std::string& equation, const std::string& end, const std::string& conditions) {
  return job_of("name: example\nvariable: {symbol: t, range: [0, " + end +
                "], scale: linear}\nparameters: {a: {default: 1}}\n" +
                "unknowns: {u: {order: 2, magnitude: \"1\"}}\nequations: {u: \"" + equation + "\"}\n" +
                conditions +
                "patches: [{name: p, constants: {c: \"1\", d: \"0\"}, solution: {u: \"c + d*t\"}}]\n");
}

/// Largest |u - u_ref| / scale(point, place, u_ref) of the first component over a table of independent
/// values.
template <class Scale>
double largest_error(const std::string& name, std::size_t swept, const std::string& unknown, double from,
                     const Scale& scale) {
  const auto job = shipped_job(name);
  const System system(job.problem);
  const Integrator integrator(system);
  const auto table = test::read_reference(name, swept);
  double largest = 0.0;
  for (std::int64_t b = 0; b < table.parameters.size(0); ++b) {
    std::vector<double> theta;
    for (std::size_t j = 0; j < job.problem.parameters.size(); ++j) {
      theta.push_back(j < swept ? table.parameters[b][static_cast<std::int64_t>(j)].item<double>()
                                : job.problem.parameters[j].default_value);
    }
    const auto states = integrator.solve(theta, table.places);
    EXPECT_EQ(static_cast<int>(states.size()), system.size()) << name << " point " << b;
    if (states.empty()) continue;
    for (std::size_t m = 0; m < table.places.size(); ++m) {
      if (table.places[m] < from) continue;
      const double expected = table.values.at(unknown)[b][static_cast<std::int64_t>(m)].item<double>();
      const double error = std::abs(states[0][m] - expected) / scale(theta, table.places[m], expected);
      largest = std::max(largest, error);
    }
  }
  return largest;
}

double relative(const std::vector<double>&, double, double expected) { return std::abs(expected); }

// The tables' problems, parameters first in the problems' order.

TEST(Integrator, AgreesWithTheClosedFormOfMixedOrderDecayDownTo1e46) {
  EXPECT_LT(largest_error("mixed_order_decay", 2, "A", 0.0, relative), 3e-11);
}

TEST(Integrator, AgreesWithFreezeOutOverTwelveDecades) {
  // While Y follows its equilibrium (x < 2) the table itself is accurate to 3e-9 only, as the expansion of
  // Y^2 = Yeq^2 - x^2 Y'/lambda in 1/lambda shows.
  EXPECT_LT(largest_error("freeze_out", 1, "Y", 0.0, relative), 5e-9);
  EXPECT_LT(largest_error("freeze_out", 1, "Y", 3.0, relative), 1e-9);
}

TEST(Integrator, FollowsTheSlavedEquilibriumOfFreezeOut) {
  const System system(shipped_job("freeze_out").problem);
  const auto equilibrium = [](double x) { return 0.145 * (2.0 / 86.25) * std::pow(x, 1.5) * std::exp(-x); };
  const std::vector<double> places{1.778, 3.0};
  for (const double lambda : {1e11, 1e12}) {
    const auto states = Integrator(system).solve({lambda}, places);
    ASSERT_EQ(states.size(), 1u);
    for (std::size_t m = 0; m < places.size(); ++m) {
      // Y = Yeq (1 + d), d = -x^2 (d ln Yeq / dx) / (2 lambda Yeq) + O(d^2)
      const double x = places[m];
      const double lag = x * x * (1.0 - 1.5 / x) / (2.0 * lambda * equilibrium(x));
      EXPECT_LT(std::abs(states[0][m] / equilibrium(x) - 1.0 - lag), 2e-12) << lambda << " " << x;
    }
  }
}

TEST(Integrator, KeepsThePhaseOfTenThousandOscillations) {
  const auto amplitude = [](const std::vector<double>& theta, double t, double) {
    return std::pow(1.0 + theta[0] * t, -0.75);
  };
  EXPECT_LT(largest_error("misaligned_scalar", 1, "phi", 0.0, amplitude), 3e-9);
}

TEST(Integrator, StartsAndPassesThroughZero) {
  const System system(second_order("-u", "20", "conditions: [{at: start, u: \"0\", u_t: \"a\"}]\n").problem);
  const std::vector<double> places{0.0, 1e-3, 3.0, 3.141592653589793, 20.0};
  const auto states = Integrator(system).solve({2.0}, places);
  ASSERT_EQ(states.size(), 2u);
  for (std::size_t m = 0; m < places.size(); ++m) {
    EXPECT_NEAR(states[0][m], 2.0 * std::sin(places[m]), 2e-10) << places[m];
    EXPECT_NEAR(states[1][m], 2.0 * std::cos(places[m]), 2e-10) << places[m];
  }
}

TEST(Integrator, GivesEveryOutputWhileTheOriginMoves) {
  const System system(
      second_order("-u", "2000", "conditions: [{at: start, u: \"0\", u_t: \"a\"}]\n").problem);
  std::vector<double> places;
  for (int i = 0; i <= 200'000; ++i) places.push_back(0.01 * i);
  const auto states = Integrator(system).solve({1.0}, places);
  ASSERT_EQ(states.size(), 2u);
  double largest = 0.0;
  for (std::size_t m = 0; m < places.size(); ++m)
    largest = std::max(largest, std::abs(states[0][m] - std::sin(places[m])));
  EXPECT_LT(largest, 1e-8);
}

TEST(Integrator, SolvesAStiffRelaxation) {
  const System system(first_order("-1.0e8*(u - cos(t))", "10").problem);
  const auto states = Integrator(system).solve({0.0}, {1.0, 10.0});
  ASSERT_EQ(states.size(), 1u);
  // u = (cos t + eps sin t) / (1 + eps^2) after the transient, eps = 1e-8
  EXPECT_NEAR(states[0][0], std::cos(1.0) + 1e-8 * std::sin(1.0), 1e-12);
  EXPECT_NEAR(states[0][1], std::cos(10.0) + 1e-8 * std::sin(10.0), 1e-12);
}

TEST(Integrator, IsTheSameEveryTime) {
  const System system(shipped_job("freeze_out").problem);
  const Integrator integrator(system);
  const std::vector<double> places{1.0, 30.0, 1000.0};
  const auto first = integrator.solve({1e9}, places);
  integrator.solve({1e6}, places);
  EXPECT_EQ(integrator.solve({1e9}, places), first);
}

/// No value and not a word on the terminal.
void expect_no_value(const job::Job& job, const std::vector<double>& theta, const std::vector<double>& places,
                     const IntegratorOptions& options = {}) {
  const System system(job.problem);
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  const auto states = Integrator(system, options).solve(theta, places);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_TRUE(states.empty());
}

TEST(Integrator, HasNoValueBeyondABlowUp) {
  const auto job = first_order("u**2", "2");  // u = 1/(1/a - t)
  expect_no_value(job, {1.0}, {0.5, 1.5});
  expect_no_value(job, {1e200}, {0.5, 1.5});
  const System system(job.problem);
  const auto before = Integrator(system).solve({1.0}, {0.5, 0.999});
  ASSERT_EQ(before.size(), 1u);
  EXPECT_NEAR(before[0][1], 1000.0, 1e-4);
}

TEST(Integrator, HasNoValueWhereTheEquationIsUndefined) {
  expect_no_value(first_order("-sqrt(u)", "10"), {-1.0}, {1.0});        // from the start
  expect_no_value(first_order("log(1 - t) + 0*u", "2"), {1.0}, {2.0});  // later
  expect_no_value(first_order("u", "1", "conditions: [{at: start, u: \"log(-a)\"}]\n"), {1.0}, {1.0});
}

TEST(Integrator, HasNoValueWithConditionsAtTwoPlaces) {
  expect_no_value(second_order("-u", "1", "conditions: [{at: start, u: \"0\"}, {at: end, u: \"a\"}]\n"),
                  {1.0}, {0.0, 0.5, 1.0});
}

TEST(Integrator, GivesUpWhenEveryMethodRanOutOfSteps) {
  IntegratorOptions options;
  options.adams_trial = options.bdf_steps = options.adams_steps = 100;
  expect_no_value(shipped_job("misaligned_scalar"), {100.0}, {1000.0}, options);
}

TEST(Integrator, ContinuesWithAdamsAfterBdfRanOutOfSteps) {
  IntegratorOptions options;
  options.adams_trial = options.bdf_steps = 300;
  const System system(second_order("-u", "100", "conditions: [{at: start, u: \"0\", u_t: \"a\"}]\n").problem);
  const auto states = Integrator(system, options).solve({1.0}, {0.5, 100.0});
  ASSERT_EQ(states.size(), 2u);
  EXPECT_NEAR(states[0][0], std::sin(0.5), 1e-11);
  EXPECT_NEAR(states[0][1], std::sin(100.0), 1e-9);
}

TEST(RightSideJacobian, IsTheDerivativeOfTheRightSide) {
  for (const char* name : {"freeze_out", "misaligned_scalar", "mixed_order_decay"}) {
    const auto job = shipped_job(name);
    const System system(job.problem);
    const auto n = static_cast<std::size_t>(system.size());
    std::vector<double> inputs{2.5};
    for (const auto& parameter : job.problem.parameters) inputs.push_back(parameter.default_value);
    for (std::size_t i = 0; i < n; ++i) inputs.push_back(0.3 + 0.2 * static_cast<double>(i));
    const auto jacobian = system.right_side_jacobian()(inputs);
    ASSERT_EQ(jacobian.size(), n * n);
    for (std::size_t j = 0; j < n; ++j) {
      const double step = 1e-5;
      auto above = inputs, below = inputs;
      above[inputs.size() - n + j] += step;
      below[inputs.size() - n + j] -= step;
      const auto high = system.right_side()(above), low = system.right_side()(below);
      for (std::size_t i = 0; i < n; ++i) {
        const double slope = (high[i] - low[i]) / (2.0 * step);
        EXPECT_NEAR(jacobian[i * n + j], slope, 1e-8 * (1.0 + std::abs(slope))) << name << " " << i << j;
      }
    }
  }
}

}  // namespace
}  // namespace gluesweep::reference
