#include <gtest/gtest.h>

#include <map>

#include "../../support/shipped_problems.hpp"
#include "gluesweep/training/trainer.hpp"

/// The claims about all shipped problems, against independent reference values at random points of their
/// ranges.
namespace gluesweep::training {
namespace {

using at::Tensor;
using test::Shipped;

/// A shipped job trained at the points and places of its reference table.
struct Comparison {
  test::ReferenceTable table;
  job::Job job;
  Tensor parameters;
  problem::Tensors references;  ///< (B, M) per unknown
  BlockResult block;
  Tensor error, matching_error;  ///< (B) true ones

  Tensor unknowns(const BlockResult& result) const {
    const problem::System system(job.problem);
    std::vector<Tensor> rows;
    for (int u = 0; u < system.unknowns(); ++u) rows.push_back(result.solution[system.component(u)]);
    return at::stack(rows, 0);
  }
};

const Comparison& comparison(const Shipped& problem) {
  static std::map<std::string, Comparison> known;  // every problem is trained once for all tests
  if (const auto found = known.find(problem.name); found != known.end()) return found->second;
  Comparison result;
  result.table = test::read_reference(problem.name, problem.parameters);
  result.job = test::job_at(problem.name, result.table);
  result.parameters = test::parameters_of(result.job.problem, result.table);
  for (const auto& unknown : result.job.problem.unknowns) {
    result.references.push_back(result.table.values.at(unknown.name));
  }
  result.block = test::train(result.job, result.parameters);
  const auto error = [&result](const Tensor& unknowns) {
    return test::error_of(result.job, result.table, result.parameters, unknowns, result.references);
  };
  result.error = error(result.unknowns(result.block));
  result.matching_error = error(result.block.matching);
  return known.emplace(problem.name, std::move(result)).first->second;
}

double median_of(const Tensor& values) { return values.median().item<double>(); }

class NineProblems : public testing::TestWithParam<Shipped> {};

TEST_P(NineProblems, AgreeWithIndependentValues) {
  const auto& result = comparison(GetParam());
  const double worst = result.error.max().item<double>();
  EXPECT_LE(worst, GetParam().required);
  EXPECT_LE(worst, GetParam().regression);
  EXPECT_TRUE((result.block.status == static_cast<int>(Status::converged)).all().item<bool>());
}

TEST_P(NineProblems, BeatConventionalMatchingAThousandfold) {
  const auto& result = comparison(GetParam());
  EXPECT_GE(median_of(result.matching_error), 1000.0 * median_of(result.error));
  EXPECT_GE(median_of(result.matching_error / result.error), 1000.0);
}

TEST_P(NineProblems, EstimateTheirErrorsFromAbove) {
  const auto& result = comparison(GetParam());
  const auto ratio = result.block.error_estimate / result.error.clamp_min(1e-14);
  EXPECT_GE((ratio >= 1.0).to(at::kDouble).mean().item<double>(), 0.95);
  EXPECT_LE(median_of(ratio), 30.0);
}

// Nothing is matched at a point: where one patch hands over to the next is a choice of convenience.
TEST_P(NineProblems, DoNotDependOnTheHandOver) {
  const auto& base = comparison(GetParam());
  const auto& problem = base.job.problem;
  const bool log_scale = problem.variable.scale == job::Scale::log;
  for (std::size_t p = 0; p + 1 < problem.patches.size(); ++p) {
    const auto key = "problem.patches." + std::to_string(p);
    const auto until = problem.patches[p].until.text, overlap = problem.patches[p].overlap.text;
    for (const auto& change :
         {key + ".until=2*(" + until + ")", key + ".until=0.5*(" + until + ")",
          key + (log_scale ? ".overlap=(" + overlap + ")**2" : ".overlap=2*(" + overlap + ")"),
          key + (log_scale ? ".overlap=(" + overlap + ")**0.5" : ".overlap=0.5*(" + overlap + ")")}) {
      const auto job = test::job_at(GetParam().name, base.table, {change});
      const auto moved = test::train(job, base.parameters);
      problem::Tensors before;
      for (const auto& row : base.unknowns(base.block).unbind(0)) before.push_back(row);
      const auto difference = test::error_of(job, base.table, base.parameters, base.unknowns(moved), before);
      const auto allowed = moved.error_estimate + base.block.error_estimate;
      EXPECT_TRUE((difference <= allowed).all().item<bool>()) << change << "\n" << difference << allowed;
      // A hand-over where a frame no longer holds may cost a point its convergence, but never unnoticed.
      const auto converged = moved.status == static_cast<int>(Status::converged);
      EXPECT_TRUE(((difference < 2e-6) | ~converged).all().item<bool>()) << change;
      EXPECT_GE(converged.sum().item<int>(), 4) << change;
    }
  }
}

// Fourth order at least until 1e-9; tests/benchmark/convergence.cpp prints the whole table.
TEST_P(NineProblems, ConvergeWithElementsAndFeatures) {
  const auto& table = comparison(GetParam()).table;
  const auto falls = [](double coarse, double fine) { return fine <= std::max(coarse / 16.0, 1e-9); };
  EXPECT_PRED2(falls, test::worst_error(GetParam(), table, 192, 16),
               test::worst_error(GetParam(), table, 192, 32));
  EXPECT_PRED2(falls, test::worst_error(GetParam(), table, 32, 120),
               test::worst_error(GetParam(), table, 64, 120));
}

INSTANTIATE_TEST_SUITE_P(All, NineProblems, testing::ValuesIn(test::shipped()),
                         [](const auto& variant) { return variant.param.name; });

}  // namespace
}  // namespace gluesweep::training
