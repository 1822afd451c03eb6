#include "../../../src/cli/compare_reference.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "../../support/jobs.hpp"

namespace gluesweep::cli {
namespace {

constexpr auto kind_of = [](ReferenceKind kind) { return static_cast<int>(kind); };

job::Job decay(const std::string& conditions, const std::string& more = "") {
  auto job = test::job_of(
      "name: decay\nvariable: {symbol: t, range: [0, 2], scale: linear}\nparameters: {k: {default: 1}}\n"
      "unknowns: {u: {order: 1}}\nequations: {u: \"-k*u\"}\nconditions: [" +
          conditions + "]\npatches: [{name: p, constants: {c: \"1\"}, solution: {u: \"c*exp(-k*t)\"}}]\n" +
          more,
      "network: {features: 8, elements: 4}\noutput: {points: [0, 1, 2]}\n");
  return job;
}

References references_of(const job::Job& job) {
  const problem::System system(job.problem);
  return make_references(job, system, sweep::ParameterSpace(job), at::kCPU, {});
}

const at::Tensor truth = at::tensor({1.0, std::exp(-1.0), std::exp(-2.0)}, at::kDouble).view({1, 1, 3});

TEST(References, TheClosedFormComesFirst) {
  const auto found = references_of(decay("{at: start, u: \"1\"}", "exact: {u: \"exp(-k*t)\"}\n"));
  EXPECT_EQ(found.kind.item<int>(), kind_of(ReferenceKind::closed_form));
  EXPECT_LT(test::distance(found.unknowns, truth), 1e-15);
  EXPECT_LT(test::distance(found.magnitudes, truth), 1e-15);
}

TEST(References, AnUndefinedClosedFormIsNone) {
  const auto found = references_of(decay("{at: start, u: \"1\"}", "exact: {u: \"exp(-k*t)*log(-k)\"}\n"));
  EXPECT_NE(found.kind.item<int>(), kind_of(ReferenceKind::closed_form));
  EXPECT_LT(test::distance(found.unknowns, truth), 1e-9);
}

TEST(References, ConditionsElsewhere) {
  const auto found = references_of(decay("{at: end, u: \"exp(-2*k)\"}"));
  EXPECT_GE(found.kind.item<int>(), kind_of(ReferenceKind::integrator));
  EXPECT_LT(test::distance(found.unknowns, truth), 1e-6);
}

TEST(ErrorAgainst, IsTheLargestRelativeToTheReference) {
  const auto job = decay("{at: start, u: \"1\"}");
  const problem::System system(job.problem);
  const double nan = std::nan("");
  References references{truth.expand({1, 3, 3}), at::tensor({1, 1, 0}, at::kByte), truth.expand({1, 3, 3})};
  at::Tensor solution = truth.expand({1, 3, 3}).clone();
  solution[0][0][2] *= 1.001;
  solution[0][1][1] = nan;
  const at::Tensor error = error_against(references, 0, system, solution);
  EXPECT_NEAR(error[0].item<double>(), 1e-3, 1e-12);
  EXPECT_TRUE(std::isinf(error[1].item<double>())) << "a solution that is not finite";
  EXPECT_TRUE(std::isnan(error[2].item<double>())) << "no reference";
  EXPECT_EQ(error_against(references, 1, system, truth).item<double>(), 0.0);
  references.magnitudes = at::zeros({1, 3, 3}, at::kDouble);
  EXPECT_EQ(error_against(references, 0, system, truth).item<double>(), 0.0) << "no difference is no error";
}

}  // namespace
}  // namespace gluesweep::cli
