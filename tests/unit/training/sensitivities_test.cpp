#include <gtest/gtest.h>

#include <cmath>

#include "../../support/shipped_problems.hpp"
#include "example_problems.hpp"
#include "gluesweep/problem/kernels.hpp"
#include "gluesweep/training/trainer.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;
using problem::Tensors;

const std::vector<std::string> with_sensitivities{"output={points: 33, store: [sensitivities]}",
                                                  "sweep.samples=4"};

/// A job around an inline problem that varies one parameter.
job::Job varying(const std::string& problem, const std::string& parameter) {
  auto job = test::job_of(problem, "output: {points: 33}\n");
  job::SweptParameter swept;
  swept.name = parameter;
  swept.kind = job::SweptParameter::Kind::values;
  job.sweep.parameters = {swept};
  job.output.sensitivities = true;
  return job;
}

/// Every parameter of the problem; `swept` (B, s) are the varied ones.
Tensor all_parameters(const job::Job& job, const Tensor& swept) {
  std::vector<Tensor> columns;
  for (const auto& parameter : job.problem.parameters) {
    columns.push_back(at::full({swept.size(0)}, parameter.default_value, at::kDouble));
  }
  const auto varied = job.varied_parameters();
  for (std::size_t j = 0; j < varied.size(); ++j) {
    columns[varied[j]] = swept.select(1, static_cast<std::int64_t>(j));
  }
  return at::stack(columns, 1);
}

/// Derivatives by one parameter, all (.., B, ..) as in BlockResult.
struct Derivatives {
  Tensor unknowns, limits, crossovers, derived;
};

/// What training itself says about the neighbourhood of some points: central differences of whole trainings
/// at relative distances h and h/2, with the leading error of both removed.
Derivatives differences(const job::Job& job, const Tensor& swept, std::int64_t parameter, double h) {
  auto plain = job;
  plain.output.sensitivities = false;
  const Trainer trainer(plain, at::kCPU);
  const problem::System system(job.problem);
  const auto trained = [&](double shift) {
    auto moved = swept.clone();
    moved.select(1, parameter).mul_(1.0 + shift);
    return trainer.train(all_parameters(job, moved));
  };
  const auto by = swept.select(1, parameter);
  const auto slope = [&](double step) {
    const auto above = trained(step), below = trained(-step);
    const auto of = [&](const Tensor& high, const Tensor& low, const Tensor& values) {
      return (high - low) / (2.0 * step * values);
    };
    Tensor high = above.solution, low = below.solution;
    Tensors unknowns;
    for (int u = 0; u < system.unknowns(); ++u) {
      const auto i = system.component(u);
      unknowns.push_back(of(high[i], low[i], by.unsqueeze(1)));
    }
    return Derivatives{at::stack(unknowns, 0), of(above.limits, below.limits, by),
                       of(above.crossovers, below.crossovers, by), of(above.derived, below.derived, by)};
  };
  const auto coarse = slope(h), fine = slope(0.5 * h);
  const auto better = [](const Tensor& one, const Tensor& other) { return (4.0 * other - one) / 3.0; };
  return {better(coarse.unknowns, fine.unknowns), better(coarse.limits, fine.limits),
          better(coarse.crossovers, fine.crossovers), better(coarse.derived, fine.derived)};
}

/// Rows by one of q parameters.
Tensor by(const Tensor& all, std::int64_t q, std::int64_t parameter) {
  return all.unflatten(0, {-1, q}).select(1, parameter);
}

/// Largest difference of curves (r, B, M), each in units of its own largest value over the output points.
double curve_distance(const Tensor& a, const Tensor& b) {
  return test::largest((a - b) / b.abs().amax(2, true));
}

struct Trained {
  job::Job job;
  Tensor swept;
  BlockResult block;

  std::int64_t parameters() const { return swept.size(1); }
  double unknowns_error(const Derivatives& expected, std::int64_t parameter) const {
    return curve_distance(by(block.solution_by, parameters(), parameter), expected.unknowns);
  }
  double derived_error(const Derivatives& expected, std::int64_t parameter) const {
    return test::relative_distance(by(block.derived_by, parameters(), parameter), expected.derived);
  }
};

Trained trained(const std::string& name, const std::vector<std::vector<double>>& points,
                std::vector<std::string> overrides = {}) {
  std::vector<Tensor> rows;
  for (const auto& point : points) rows.push_back(at::tensor(point, at::kDouble));
  overrides.insert(overrides.end(), with_sensitivities.begin(), with_sensitivities.end());
  Trained result{test::shipped_job(name, overrides), at::stack(rows, 0), {}};
  result.block = Trainer(result.job, at::kCPU).train(all_parameters(result.job, result.swept));
  return result;
}

TEST(Sensitivities, OfMixedOrderDecayAreThoseOfTheClosedForm) {
  const auto result = trained("mixed_order_decay", {{0.3, 20.0}, {0.5, 100.0}, {0.9, 700.0}});
  const auto k1 = result.swept.select(1, 0).unsqueeze(1), k2 = result.swept.select(1, 1).unsqueeze(1);
  const auto t = at::tensor(result.job.output_points(), at::kDouble).unsqueeze(0);
  const auto growth = (k1 * (t - 1.0e-4)).expm1(), sum = 1.0 + k2 / k1;
  const auto A = (1.0 + sum * growth).reciprocal();
  const auto by_k1 = -A.square() * (sum * (t - 1.0e-4) * (growth + 1.0) - k2 / k1.square() * growth);
  const auto by_k2 = -A.square() * growth / k1;
  const auto interior = [](const Tensor& values) { return values.slice(1, 1); };  // both vanish at the start
  EXPECT_LT(test::relative_distance(interior(result.block.solution_by[0]), interior(by_k1)), 3e-8);
  EXPECT_LT(test::relative_distance(interior(result.block.solution_by[1]), interior(by_k2)), 3e-8);
  EXPECT_LT(test::largest(result.block.solution_by.select(2, 0)), 1e-12);
  // A -> exp(k1 t0)/(1 + k2/k1) exp(-k1 t)
  const auto late = (k1 * 1.0e-4).exp() / sum;
  EXPECT_LT(test::relative_distance(result.block.derived_by[0].unsqueeze(1),
                                    late * (1.0e-4 + k2 / k1.square() / sum)),
            1e-6);
  EXPECT_LT(test::relative_distance(result.block.derived_by[1].unsqueeze(1), -late / sum / k1), 1e-6);
}

TEST(Sensitivities, OfMixedOrderDecayFollowLimitsAndCrossovers) {
  const auto result = trained("mixed_order_decay", {{0.3, 20.0}, {0.9, 700.0}});
  for (const int parameter : {0, 1}) {
    const auto expected = differences(result.job, result.swept, parameter, 2e-3);
    EXPECT_LT(result.unknowns_error(expected, parameter), 1e-6);
    EXPECT_LT(test::relative_distance(by(result.block.crossovers_by, 2, parameter), expected.crossovers),
              1e-2);
    EXPECT_LT(test::distance(by(result.block.derived_by, 2, parameter)[1],
                             by(result.block.crossovers_by, 2, parameter)[0]),
              1e-12);
    EXPECT_LT(test::relative_distance(by(result.block.limits_by, 2, parameter)[1], expected.limits[1]), 1e-6);
  }
}

TEST(Sensitivities, OfConditionsAtBothEndsAreThoseOfTheClosedForm) {
  const auto job = varying(hyperbolic_ends, "k");
  const auto k = test::column({0.5, 1.5, 4.0});
  const auto block = Trainer(job, at::kCPU).train(k);
  const auto x = at::tensor(job.output_points(), at::kDouble).unsqueeze(0);
  const auto expected = (x * (k * x).cosh() * k.sinh() - (k * x).sinh() * k.cosh()) / k.sinh().square();
  EXPECT_LT(test::distance(block.solution_by[0], expected), 1e-8);
}

TEST(Sensitivities, OfABoundaryLayerAreDifferencesOfTrainings) {
  const auto result = trained("boundary_layer", {{0.003}, {0.02}}, {"network.features=112"});
  const auto expected = differences(result.job, result.swept, 0, 2e-3);
  EXPECT_LT(result.unknowns_error(expected, 0), 1e-6);
  EXPECT_LT(test::relative_distance(result.block.derived_by[0], expected.derived[0]), 1e-5);
}

TEST(Sensitivities, OfAnOscillationOfManyRadiansAreDifferencesOfTrainings) {
  const auto result = trained("misaligned_scalar", {{1.3}, {7.0}});
  const auto expected = differences(result.job, result.swept, 0, 2e-6);
  EXPECT_LT(result.unknowns_error(expected, 0), 1e-4);
}

TEST(Sensitivities, OfFreezeOutAreDifferencesOfTrainings) {
  const auto result = trained("freeze_out", {{1e6}, {1e9}, {1e11}});
  const auto expected = differences(result.job, result.swept, 0, 1e-2);
  // Of the logarithm: the yield falls by many decades, and differences have its errors.
  const auto Y = Trainer(result.job, at::kCPU).train(result.swept).solution[0];
  const auto error = (result.block.solution_by[0] - expected.unknowns[0]) * result.swept / Y;
  EXPECT_LT(test::largest(error), 1e-6);
  EXPECT_LT(test::relative_distance(result.block.derived_by[0], expected.derived[0]), 1e-7);
  EXPECT_LT(test::relative_distance(result.block.derived_by[1], expected.derived[1]), 1e-3);
}

TEST(Sensitivities, OfThreeStiffSpeciesAreDifferencesOfTrainings) {
  const auto job = test::shipped_job("robertson", with_sensitivities);
  std::vector<double> middle;
  for (const auto& swept : job.sweep.parameters) {
    if (swept.kind == job::SweptParameter::Kind::range) middle.push_back(std::sqrt(swept.low * swept.high));
  }
  const auto result = trained("robertson", {middle});
  for (std::int64_t parameter = 0; parameter < result.parameters(); ++parameter) {
    const auto expected = differences(result.job, result.swept, parameter, 4e-3);
    EXPECT_LT(result.unknowns_error(expected, parameter), 1e-5);
  }
}

TEST(Sensitivities, AreTheSameWithoutKernels) {
  const auto job = test::shipped_job("freeze_out", with_sensitivities);
  const auto parameters = all_parameters(job, test::column({1e7, 1e10}));
  const auto block = Trainer(job, at::kCPU).train(parameters);
  const problem::WithoutKernels without;
  const auto other = Trainer(job, at::kCPU).train(parameters);
  EXPECT_LT(curve_distance(block.solution_by, other.solution_by), 1e-7);
  EXPECT_LT(test::relative_distance(block.derived_by, other.derived_by), 1e-7);
}

TEST(Sensitivities, ChangeNothingElseAndCostNothingWhereTheyAreNotAskedFor) {
  auto job = test::shipped_job("mixed_order_decay", with_sensitivities);
  const auto parameters = all_parameters(job, at::tensor({0.1, 50.0}, at::kDouble).unsqueeze(0));
  const auto block = Trainer(job, at::kCPU).train(parameters);
  job.output.sensitivities = false;
  const auto without = Trainer(job, at::kCPU).train(parameters);
  EXPECT_TRUE(at::equal(block.solution, without.solution));
  EXPECT_TRUE(at::equal(block.derived, without.derived));
  EXPECT_EQ(block.solution_by.size(0), 2);
  EXPECT_EQ(without.solution_by.size(0), 0);
  EXPECT_EQ(without.limits_by.size(0), 0);
  EXPECT_EQ(without.derived_by.size(0), 0);
}

TEST(Sensitivities, OfFailedPointsAreUndefined) {
  // The pole of y' = p y^2 lies at t = 1/p.
  const auto job = varying(R"yaml(name: pole
variable: {symbol: t, range: [0, 2], scale: linear}
parameters: {p: {default: 1}}
unknowns: {y: {magnitude: "abs(y)"}}
equations: {y: "p*y**2"}
conditions: [{at: start, y: "1"}]
patches: [{name: only, constants: {c: "1"}, solution: {y: "1/(c - p*t)"}}]
derived: {last: "only_c_limit"}
)yaml",
                           "p");
  const auto block = Trainer(job, at::kCPU).train(test::column({0.1, 1.0}));
  ASSERT_EQ(block.status[0].item<int>(), static_cast<int>(Status::converged));
  ASSERT_EQ(block.status[1].item<int>(), static_cast<int>(Status::failed_nonfinite));
  const auto t = at::tensor(job.output_points(), at::kDouble);
  EXPECT_LT(test::distance(block.solution_by[0][0], t / (1.0 - 0.1 * t).square()), 1e-9);
  EXPECT_TRUE(block.solution_by[0][1].isnan().all().item<bool>());
  EXPECT_TRUE(block.derived_by[0][1].isnan().all().item<bool>());
  EXPECT_FALSE(block.derived_by[0][0].isnan().any().item<bool>());
}

}  // namespace
}  // namespace gluesweep::training
