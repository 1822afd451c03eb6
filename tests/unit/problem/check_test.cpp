#include "gluesweep/problem/check.hpp"

#include <gtest/gtest.h>

#include "../../support/jobs.hpp"

namespace gluesweep::problem {
namespace {

/// y'' = -y, with a second patch whose two constants do the same where p = 0.
constexpr const char* parallel = R"yaml(name: parallel
variable: {symbol: t, range: [0.5, 2.5], scale: linear}
parameters: {p: {default: 1}, q: {default: 1}}
unknowns: {y: {order: 2, magnitude: "1"}}
equations: {y: "-y"}
conditions: [{at: start, y: "q", y_t: "0"}]
patches:
  - {name: good, constants: {a: "1", b: "0"}, solution: {y: "a*cos(t) + b*sin(t)"}, until: "q", overlap: "0.1"}
  - {name: bad, constants: {a: "1", b: "1"}, solution: {y: "a*sin(t) + b*(sin(t) + p*cos(t))"}}
)yaml";

TEST(CheckPatches, ReportsThePatchAndTheParametersThatDegenerate) {
  const auto problem = test::job_of(parallel).problem;
  const auto parameters = at::tensor({1.0, 1.0, 0.5, 1.5, 0.0, 1.25, 2.0, 1.1}, at::kDouble).view({4, 2});
  const auto reports = check_patches(problem, parameters);
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].patch, "good");
  EXPECT_FALSE(reports[0].degenerate);
  EXPECT_TRUE(reports[0].degenerate_parameters.empty());
  EXPECT_EQ(reports[0].hand_over_low, 1.0);
  EXPECT_EQ(reports[0].hand_over_high, 1.5);
  EXPECT_EQ(reports[1].patch, "bad");
  EXPECT_TRUE(reports[1].degenerate);
  EXPECT_EQ(reports[1].degenerate_parameters, (std::vector<double>{0.0, 1.25}));
  EXPECT_GE(reports[1].degenerate_at, 1.15 - 1e-12);  // inside its region for these parameters
  EXPECT_LE(reports[1].degenerate_at, 2.5);
}

TEST(CheckPatches, AcceptsTheSamePatchElsewhere) {
  const auto reports = check_patches(test::job_of(parallel).problem,
                                     at::tensor({1.0, 1.0, 0.01, 1.5}, at::kDouble).view({2, 2}));
  EXPECT_FALSE(reports[1].degenerate);
  EXPECT_GT(reports[1].worst_condition, 50.0);  // p = 0.01 is near it
  EXPECT_LT(reports[1].worst_condition, 1e4);
}

TEST(CheckPatches, ReportsThePlaceThatDegenerates) {
  // dPhi/dC = [t, t^2; 1, 2t]: singular at t = 0 only.
  const auto problem = test::job_of(R"yaml(name: place
variable: {symbol: t, range: [0, 1], scale: linear}
parameters: {p: {default: 1}}
unknowns: {y: {order: 2, magnitude: "1"}}
equations: {y: "-p*y"}
conditions: [{at: end, y: "1", y_t: "0"}]
patches: [{name: only, constants: {a: "1", b: "0"}, solution: {y: "a*t + b*t**2"}}]
)yaml")
                           .problem;
  const auto reports = check_patches(problem, at::tensor({3.0}, at::kDouble).view({1, 1}));
  EXPECT_TRUE(reports[0].degenerate);
  EXPECT_EQ(reports[0].degenerate_at, 0.0);
  EXPECT_EQ(reports[0].degenerate_parameters, (std::vector<double>{3.0}));
}

TEST(CheckPatches, MeasuresHowWellAPatchSolvesTheEquationDeepInItsRegion) {
  // The exact patch drifts at rounding only; one of another equation drifts everywhere.
  const auto good =
      check_patches(test::job_of(parallel).problem, at::tensor({1.0, 1.5}, at::kDouble).view({1, 2}));
  EXPECT_LT(good[0].deep_drift, 1e-14);
  const auto wrong = check_patches(test::job_of(test::replaced(parallel, "y: \"-y\"", "y: \"-4*y\"")).problem,
                                   at::tensor({1.0, 1.5}, at::kDouble).view({1, 2}));
  EXPECT_GT(wrong[0].deep_drift, 0.01);
}

/// Relaxation to K = 10: the first form's constant dies out with its term, the second's does not.
constexpr const char* relaxation = R"yaml(name: relaxation
variable: {symbol: t, range: [0, 60], scale: linear}
parameters: {r: {default: 1}}
unknowns: {y: {order: 1}}
equations: {y: "r*(10 - y)"}
conditions: [{at: start, y: "1"}]
patches: [{name: only, constants: {b: "9"}, solution: {y: "10 - b*exp(-r*t)"}}]
)yaml";

TEST(CheckPatches, FindsAConstantThatDiesOut) {
  const auto parameters = at::tensor({0.1, 1.0}, at::kDouble).view({2, 1});
  const auto dying = check_patches(test::job_of(relaxation).problem, parameters);
  EXPECT_FALSE(dying[0].degenerate);
  ASSERT_TRUE(dying[0].faded.has_value());
  EXPECT_EQ(dying[0].faded->constant, 0);
  EXPECT_GT(dying[0].faded->place.at, 50.0);
  EXPECT_EQ(dying[0].faded->place.parameters, std::vector<double>{1.0});
  const auto staying = check_patches(
      test::job_of(test::replaced(relaxation, "10 - b*exp(-r*t)", "10 + b")).problem, parameters);
  EXPECT_FALSE(staying[0].faded.has_value());
  // b*sin(t) is zero at places of [0, 60], yet stays felt.
  const auto swinging = check_patches(
      test::job_of(test::replaced(relaxation, "10 - b*exp(-r*t)", "20 + b*sin(t)")).problem, parameters);
  EXPECT_FALSE(swinging[0].faded.has_value());
}

TEST(CheckPatches, TinySolutionsAreNotDegenerate) {
  // y falls to 1e-282, whose square is zero in double precision.
  auto text = test::replaced(relaxation, "r*(10 - y)", "-r*y");
  text = test::replaced(text, "10 - b*exp(-r*t)", "exp(b - r*t)");
  const auto reports =
      check_patches(test::job_of(text).problem, at::tensor({10.8}, at::kDouble).view({1, 1}));
  EXPECT_FALSE(reports[0].degenerate);
  EXPECT_EQ(reports[0].worst_condition, 1.0);
}

TEST(CheckPatches, ReportsAHandOverThatIsNoPlace) {
  const auto text = test::replaced(parallel, "until: \"q\"", "until: \"sqrt(q - 1)\"");
  const auto reports =
      check_patches(test::job_of(text).problem, at::tensor({1.0, 1.5, 2.0, 0.5}, at::kDouble).view({2, 2}));
  EXPECT_EQ(reports[0].no_hand_over, (std::vector<double>{2.0, 0.5}));
  EXPECT_FALSE(reports[1].no_hand_over.has_value());
}

TEST(CheckPatches, FindsTheShippedProblemsHealthy) {
  for (const std::string name : {"mixed_order_decay", "freeze_out", "misaligned_scalar"}) {
    const auto problem = test::shipped_job(name).problem;
    const auto parameters = name == "mixed_order_decay"
                                ? at::tensor({0.01, 10.0, 1.0, 1.0, 1000.0, 1.0}, at::kDouble).view({2, 3})
                            : name == "freeze_out" ? at::tensor({1e6, 1e12}, at::kDouble).view({2, 1})
                                                   : at::tensor({1.0, 100.0}, at::kDouble).view({2, 1});
    for (const auto& report : check_patches(problem, parameters)) {
      EXPECT_FALSE(report.degenerate) << name << ": " << report.patch;
      EXPECT_FALSE(report.faded.has_value()) << name << ": " << report.patch;
      EXPECT_LT(report.deep_drift, 0.05) << name << ": " << report.patch;
    }
  }
}

}  // namespace
}  // namespace gluesweep::problem
