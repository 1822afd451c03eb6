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

TEST(CheckPatches, FindsTheShippedProblemsHealthy) {
  for (const std::string name : {"mixed_order_decay", "freeze_out", "misaligned_scalar"}) {
    const auto problem = test::shipped_job(name).problem;
    const auto parameters = name == "mixed_order_decay"
                                ? at::tensor({0.01, 10.0, 1.0, 1.0, 1000.0, 1.0}, at::kDouble).view({2, 3})
                            : name == "freeze_out" ? at::tensor({1e6, 1e12}, at::kDouble).view({2, 1})
                                                   : at::tensor({1.0, 100.0}, at::kDouble).view({2, 1});
    for (const auto& report : check_patches(problem, parameters)) {
      EXPECT_FALSE(report.degenerate) << name << ": " << report.patch;
      EXPECT_LT(report.deep_drift, 0.05) << name << ": " << report.patch;
    }
  }
}

}  // namespace
}  // namespace gluesweep::problem
