#include "gluesweep/reference/shooting.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "../../support/jobs.hpp"
#include "../../support/reference_table.hpp"

namespace gluesweep::reference {
namespace {

using problem::System;

/// u'' = `equation` on [0, end] with the parameter k and conditions anywhere; the patch plays no part here.
job::Job second_order(const std::string& equation, const std::string& conditions,
                      const std::string& end = "1", const std::string& scale = "linear",
                      const std::string& start = "0") {
  return test::job_of("name: example\nvariable: {symbol: t, range: [" + start + ", " + end +
                      "], scale: " + scale + "}\nparameters: {k: {default: 1}}\n" +
                      "unknowns: {u: {order: 2, magnitude: \"1\"}}\nequations: {u: \"" + equation + "\"}\n" +
                      "conditions: " + conditions + "\n" +
                      "patches: [{name: p, constants: {c: \"1\", d: \"0\"}, solution: {u: \"c + d*t\"}}]\n");
}

using Function = std::function<double(double)>;

States values(const std::vector<double>& places, const Function& u, const Function& slope) {
  States rows(2);
  for (const double t : places) {
    rows[0].push_back(u(t));
    rows[1].push_back(slope(t));
  }
  return rows;
}

/// The guess is `off` times the solution, which a linear problem does not mind.
double largest_error(const job::Job& job, double k, const std::vector<double>& places, const Function& u,
                     const Function& slope, double off = 1.3) {
  const System system(job.problem);
  const auto expected = values(places, u, slope);
  auto guess = expected;
  for (auto& row : guess) {
    for (auto& value : row) value *= off;
  }
  const auto states = Shooting(system).solve({k}, places, guess);
  if (states.size() != 2) return INFINITY;
  double largest = 0.0;
  for (std::size_t m = 0; m < places.size(); ++m)
    largest = std::max(largest, std::abs(states[0][m] - expected[0][m]));
  return largest;
}

const std::vector<double> places{0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0};
const char* const both_ends = "[{at: start, u: \"0\"}, {at: end, u: \"1\"}]";

TEST(Shooting, SolvesATwoPointProblem) {
  const auto job = second_order("-k**2*u", both_ends);
  EXPECT_LT(largest_error(
                job, 2.0, places, [](double t) { return std::sin(2.0 * t) / std::sin(2.0); },
                [](double t) { return 2.0 * std::cos(2.0 * t) / std::sin(2.0); }),
            1e-11);
}

// exp(k t) would carry rounding from one end to the other: 1e-16 exp(300).
TEST(Shooting, DividesTheDomainWherePerturbationsGrow) {
  for (const double k : {10.0, 100.0, 300.0}) {
    const auto job = second_order("k**2*u", "[{at: start, u: \"1\"}, {at: end, u: \"1\"}]");
    const auto u = [k](double t) {
      return (std::exp(-k * t) + std::exp(k * (t - 1.0))) / (1.0 + std::exp(-k));
    };
    const auto slope = [k](double t) {
      return k * (-std::exp(-k * t) + std::exp(k * (t - 1.0))) / (1.0 + std::exp(-k));
    };
    EXPECT_LT(largest_error(job, k, places, u, slope), 1e-11) << k;
  }
}

TEST(Shooting, MeetsConditionsInsideTheDomainAndOnALogarithmicScale) {
  const auto inside = second_order("-u", "[{at: 0.3, u: \"sin(0.3)\"}, {at: 0.8, u_t: \"cos(0.8)\"}]");
  const auto sine = [](double t) { return std::sin(t); };
  const auto cosine = [](double t) { return std::cos(t); };
  EXPECT_LT(largest_error(inside, 1.0, places, sine, cosine), 1e-11);
  // Euler's equation t^2 u'' + 2 t u' = 2 u: u = t here, beside t^-2.
  const auto euler = second_order("(2*u - 2*t*u_t)/t**2", "[{at: start, u: \"t\"}, {at: end, u: \"t\"}]",
                                  "100", "log", "0.01");
  const std::vector<double> decades{0.01, 0.1, 1.0, 10.0, 100.0};
  EXPECT_LT(largest_error(
                euler, 1.0, decades, [](double t) { return t; }, [](double) { return 1.0; }),
            1e-9);
}

TEST(Shooting, NeedsNoOutputAtTheEndsNorAtTheConditions) {
  const auto job = second_order("-k**2*u", both_ends);
  EXPECT_LT(largest_error(
                job, 1.0, {0.31, 0.62}, [](double t) { return std::sin(t) / std::sin(1.0); },
                [](double t) { return std::cos(t) / std::sin(1.0); }),
            1e-11);
}

// u'' = 6 u^2 between u(1) = 1 and u(2) = 1/4 has u = 1/t^2, and another solution far below.
TEST(Shooting, FollowsTheGuessWhereThereAreSeveralSolutions) {
  const auto job =
      second_order("6*k*u**2", "[{at: start, u: \"1\"}, {at: end, u: \"0.25\"}]", "2", "linear", "1");
  const auto u = [](double t) { return 1.0 / (t * t); };
  const auto slope = [](double t) { return -2.0 / (t * t * t); };
  EXPECT_LT(largest_error(job, 1.0, {1.0, 1.2, 1.5, 2.0}, u, slope, 1.02), 1e-11);
}

TEST(Shooting, AgreesWithTheBoundaryLayersTable) {
  const auto job = test::shipped_job("boundary_layer");
  const System system(job.problem);
  const auto table = test::read_reference("boundary_layer", 1);
  for (std::int64_t b = 0; b < table.parameters.size(0); ++b) {
    const double epsilon = table.parameters[b][0].item<double>();
    const auto guess = values(
        table.places, [&](double x) { return 2.0 / (1.0 + x) - 2.0 * std::exp(-x / epsilon); },
        [&](double x) { return -2.0 / (1.0 + x) / (1.0 + x) + 2.0 / epsilon * std::exp(-x / epsilon); });
    const auto states = Shooting(system).solve({epsilon}, table.places, guess);
    ASSERT_EQ(states.size(), 2u) << epsilon;
    const auto y = table.values.at("y")[b];
    const auto error = (at::tensor(states[0], at::kDouble) - y).abs() / y.abs().clamp_min(1e-3);
    EXPECT_LT(error.max().item<double>(), 3e-11) << epsilon;
  }
}

void expect_no_value(const job::Job& job, double k, const States& guess,
                     const ShootingOptions& options = {}) {
  const System system(job.problem);
  EXPECT_TRUE(Shooting(system, {}, options).solve({k}, {0.0, 0.5, 1.0}, guess).empty());
}

TEST(Shooting, HasNoValueWhereItCannotVouchForOne) {
  const States guess{{0.0, 0.5, 1.0}, {1.0, 1.0, 1.0}};
  expect_no_value(second_order("-k**2*u", both_ends), M_PI, guess);  // no solution: u(1) = 0 for all slopes
  expect_no_value(second_order("-u", both_ends), 1.0, {{0.0, NAN, 1.0}, {1.0, 1.0, 1.0}});
  expect_no_value(second_order("log(-1 - t) + u", both_ends), 1.0, guess);
  // Bratu's problem u'' = -k exp(u), u(0) = u(1) = 0 has no solution beyond k = 3.51.
  expect_no_value(second_order("-k*exp(u)", "[{at: start, u: \"0\"}, {at: end, u: \"0\"}]"), 5.0, guess);
  ShootingOptions few;
  few.most_segments = 4;
  expect_no_value(second_order("k**2*u", both_ends), 1000.0, guess, few);
}

}  // namespace
}  // namespace gluesweep::reference
