#include "gluesweep/reference/verifier.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "../../support/jobs.hpp"

namespace gluesweep::reference {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

job::Job decay(double fraction) {
  auto job = test::job_of(
      "name: decay\nvariable: {symbol: t, range: [0, 2], scale: linear}\nparameters: {k: {default: 1}}\n"
      "unknowns: {u: {order: 1}}\nequations: {u: \"-k*u\"}\nconditions: [{at: start, u: \"1\"}]\n"
      "patches: [{name: p, constants: {c: \"1\"}, solution: {u: \"c*exp(-k*t)\"}}]\n");
  job.sweep.seed = 11;
  job.verification.reference_fraction = fraction;
  job.output.values = {0.0, 0.5, 2.0};
  return job;
}

/// What training would hand over for u = exp(-k t), wrong by `error` at the last output point.
training::BlockResult trained(const at::Tensor& parameters, double error) {
  const auto t = test::row({0.0, 0.5, 2.0});
  training::BlockResult result;
  result.solution = (-parameters * t).exp().unsqueeze(0).contiguous();
  result.solution.select(2, 2) *= 1.0 + error;
  result.reference_error = at::full({parameters.size(0)}, nan, at::kDouble);
  return result;
}

at::Tensor rates(std::int64_t count) { return at::linspace(0.5, 3.0, count, at::kDouble).unsqueeze(1); }

bool same(const at::Tensor& a, const at::Tensor& b) {
  return at::equal(a.isnan(), b.isnan()) && at::equal(a.nan_to_num(), b.nan_to_num());
}

TEST(IsVerified, ChoosesTheFraction) {
  for (const double fraction : {0.0, 0.02, 0.5, 1.0}) {
    constexpr int samples = 100'000;
    int chosen = 0;
    for (int sample = 0; sample < samples; ++sample) chosen += is_verified(7, sample, fraction) ? 1 : 0;
    const double spread = std::sqrt(samples * fraction * (1.0 - fraction));
    EXPECT_LE(std::abs(chosen - samples * fraction), 4.0 * spread) << fraction;
  }
}

TEST(IsVerified, DependsOnTheSeedAndGrowsWithTheFraction) {
  std::set<int> few, more, other;
  for (int sample = 0; sample < 1000; ++sample) {
    if (is_verified(7, sample, 0.05)) few.insert(sample);
    if (is_verified(7, sample, 0.2)) more.insert(sample);
    if (is_verified(8, sample, 0.05)) other.insert(sample);
  }
  EXPECT_TRUE(std::includes(more.begin(), more.end(), few.begin(), few.end()));
  EXPECT_NE(few, other);
}

TEST(Verifier, MeasuresTheErrorOfTheVerifiedSamplesOnly) {
  const Verifier verifier(decay(0.5));
  const auto parameters = rates(40);
  const auto errors = verifier.reference_error(trained(parameters, 1e-5), parameters, 100);
  ASSERT_EQ(errors.size(0), 40);
  for (std::int64_t b = 0; b < 40; ++b) {
    const double error = errors[b].item<double>();
    if (is_verified(11, 100 + b, 0.5)) {
      EXPECT_NEAR(error, 1e-5, 1e-9) << b;
    } else {
      EXPECT_TRUE(std::isnan(error)) << b;
    }
  }
}

TEST(Verifier, DoesNotDependOnHowSamplesAreSplitIntoBlocks) {
  const Verifier verifier(decay(0.3));
  const auto parameters = rates(50);
  const auto whole = verifier.reference_error(trained(parameters, 1e-7), parameters, 0);
  EXPECT_GT((~whole.isnan()).sum().item<std::int64_t>(), 5);
  std::vector<at::Tensor> parts;
  for (std::int64_t first = 0; first < 50; first += 7) {
    const auto some = parameters.narrow(0, first, std::min<std::int64_t>(7, 50 - first));
    parts.push_back(verifier.reference_error(trained(some, 1e-7), some, first));
  }
  EXPECT_TRUE(same(at::cat(parts), whole));
}

TEST(Verifier, KeepsWhatAClosedFormGave) {
  const auto parameters = rates(2);
  auto result = trained(parameters, 1e-3);
  result.reference_error[0] = 0.25;
  const auto errors = Verifier(decay(1.0)).reference_error(result, parameters, 0);
  EXPECT_EQ(errors[0].item<double>(), 0.25);
  EXPECT_NEAR(errors[1].item<double>(), 1e-3, 1e-8);
  EXPECT_TRUE(std::isnan(result.reference_error[1].item<double>())) << "the result itself is left alone";
}

TEST(Verifier, TakesResultsOfInferenceMode) {
  const auto parameters = rates(1);
  training::BlockResult result;
  {
    const c10::InferenceMode inference;
    result = trained(parameters, 1e-4);
  }
  EXPECT_NEAR(Verifier(decay(1.0)).reference_error(result, parameters, 0)[0].item<double>(), 1e-4, 1e-8);
}

TEST(Verifier, HasNoErrorWhereTrainingOrTheIntegratorHasNoValue) {
  const auto parameters = rates(1);
  EXPECT_TRUE(Verifier(decay(1.0))
                  .reference_error(trained(parameters, nan), parameters, 0)
                  .isnan()
                  .all()
                  .item<bool>());
  auto blow_up = decay(1.0);
  blow_up.problem.unknowns[0].equation = job::parse_expression("k*u**2");  // ends at t = 1/k
  EXPECT_TRUE(Verifier(blow_up)
                  .reference_error(trained(parameters, 0.0), parameters + 1.0, 0)
                  .isnan()
                  .all()
                  .item<bool>());
}

TEST(Verifier, MeasuresInTheScaleOfTheProblem) {
  auto job = test::job_of(
      "name: wave\nvariable: {symbol: t, range: [0, 3], scale: linear}\nparameters: {k: {default: 1}}\n"
      "unknowns: {u: {order: 2, magnitude: \"10*k\"}}\nequations: {u: \"-k**2*u\"}\n"
      "conditions: [{at: start, u: \"1\", u_t: \"0\"}]\n"
      "patches: [{name: p, constants: {c: \"1\", d: \"0\"}, solution: {u: \"c*cos(k*t) + d*sin(k*t)\"}}]\n");
  job.verification.reference_fraction = 1.0;
  job.output.values = {0.0, 1.5707963267948966, 3.0};
  const auto t = test::row(job.output.values);
  training::BlockResult result;
  result.solution = at::stack({t.cos() + 0.02, -t.sin() + 5.0}, 0);  // errors of derivatives do not count
  result.reference_error = at::full({1}, nan, at::kDouble);
  const auto errors = Verifier(job).reference_error(result, test::column({1.0}), 0);
  EXPECT_NEAR(errors[0].item<double>(), 0.002, 1e-12);
}

TEST(Verifier, ShootsWhereConditionsAreAtBothEnds) {
  auto job = test::job_of(
      "name: string\nvariable: {symbol: t, range: [0, 1], scale: linear}\nparameters: {k: {default: 1}}\n"
      "unknowns: {u: {order: 2, magnitude: \"1\"}}\nequations: {u: \"k**2*u\"}\n"
      "conditions: [{at: start, u: \"0\"}, {at: end, u: \"1\"}]\n"
      "patches: [{name: p, constants: {c: \"0\", d: \"1\"}, solution: {u: \"c + d*t\"}}]\n");
  job.verification.reference_fraction = 1.0;
  job.output.values = {0.0, 0.5, 1.0};
  const auto t = test::row(job.output.values);
  const auto k = test::column({0.5, 3.0});
  training::BlockResult result;
  result.solution = at::stack({(k * t).sinh() / k.sinh() + 1e-6, k * (k * t).cosh() / k.sinh()}, 0);
  result.reference_error = at::full({2}, nan, at::kDouble);
  const auto errors = Verifier(job).reference_error(result, k, 0);
  EXPECT_NEAR(errors[0].item<double>(), 1e-6, 1e-11);
  EXPECT_NEAR(errors[1].item<double>(), 1e-6, 1e-11);
}

}  // namespace
}  // namespace gluesweep::reference
