#include "gluesweep/job/job.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace gluesweep::job {
namespace {

Problem problem_of(const std::vector<std::pair<std::string, int>>& unknowns, const std::string& symbol) {
  Problem problem;
  problem.variable.symbol = symbol;
  for (const auto& [name, order] : unknowns) {
    Unknown unknown;
    unknown.name = name;
    unknown.order = order;
    problem.unknowns.push_back(unknown);
  }
  return problem;
}

TEST(Job, NamesStateComponents) {
  EXPECT_EQ(problem_of({{"phi", 2}}, "t").state_names(), (std::vector<std::string>{"phi", "phi_t"}));
  EXPECT_EQ(problem_of({{"phi", 3}, {"A", 1}}, "t").state_names(),
            (std::vector<std::string>{"phi", "phi_t", "phi_tt", "A"}));
  EXPECT_EQ(problem_of({{"h", 3}}, "eta").state_names(),
            (std::vector<std::string>{"h", "h_eta", "h_etaeta"}));
  EXPECT_EQ(problem_of({{"phi", 3}, {"A", 1}}, "t").state_size(), 4);
}

TEST(Job, SpreadsOutputPointsLinearly) {
  Job job;
  job.problem.variable = {"t", -1.0, 2.0, Scale::linear, "1", ""};
  job.output.points = 4;
  EXPECT_EQ(job.output_points(), (std::vector<double>{-1.0, 0.0, 1.0, 2.0}));
}

TEST(Job, SpreadsOutputPointsLogarithmically) {
  Job job;
  job.problem.variable = {"t", 1.0e-4, 3.0e2, Scale::log, "1", ""};
  job.output.points = 256;
  const std::vector<double> points = job.output_points();
  ASSERT_EQ(points.size(), 256U);
  EXPECT_EQ(points.front(), 1.0e-4);
  EXPECT_EQ(points.back(), 3.0e2);
  const double ratio = std::pow(3.0e6, 1.0 / 255.0);
  for (std::size_t i = 1; i < points.size(); ++i) EXPECT_NEAR(points[i] / points[i - 1] / ratio, 1.0, 1e-12);
}

TEST(Job, TakesOutputPointsAsGiven) {
  Job job;
  job.output.values = {0.1, 0.5};
  EXPECT_EQ(job.output_points(), job.output.values);
}

}  // namespace
}  // namespace gluesweep::job
