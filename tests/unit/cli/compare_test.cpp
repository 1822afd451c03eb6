#include "gluesweep/cli/compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace gluesweep::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr double infinity = std::numeric_limits<double>::infinity();

MethodPoints points(std::string name, std::vector<double> error, std::vector<double> estimate,
                    std::uint8_t status = 1) {
  const std::size_t count = error.size();
  return {std::move(name),
          std::move(error),
          std::move(estimate),
          std::vector<double>(count, 0.25),
          std::vector<double>(count, 96.0),
          std::vector<std::uint8_t>(count, status)};
}

ComparisonSummary comparison() {
  const auto ours = points("gauss_newton", {1e-8, 2e-8, 3e-8, undefined}, {2e-8, 4e-8, 2e-8, 5e-8});
  const auto theirs =
      points("matching", {1.0, infinity, 0.3, undefined}, std::vector<double>(4, undefined), 5);
  ComparisonSummary summary;
  summary.problem = "decay";
  summary.points = 4;
  summary.output_points = 256;
  summary.tolerance = 1e-6;
  summary.references = {2, 1, 0, 1};
  summary.time_kind = "processor";
  summary.baseline = "gauss_newton";
  summary.methods = {summarize_method(ours, &ours, 1e-6), summarize_method(theirs, &ours, 1e-6)};
  return summary;
}

TEST(Quantile, IsANumberOfTheList) {
  EXPECT_EQ(quantile({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(quantile({4, 3, 1, 2}, 0.5), 2);
  EXPECT_EQ(quantile({4, 3, 1, 2}, 0.0), 1);
  EXPECT_EQ(quantile({4, 3, 1, 2}, 0.99), 4);
  EXPECT_EQ(quantile({undefined, 1, undefined}, 1.0), 1);
  EXPECT_EQ(quantile({1, infinity, 2}, 1.0), infinity);
  EXPECT_TRUE(std::isnan(quantile({undefined}, 0.5)));
  std::vector<double> many;
  for (int i = 1; i <= 200; ++i) many.push_back(i);
  EXPECT_EQ(quantile(many, 0.99), 198);
}

TEST(MethodSummary, CountsPointsWithAReferenceOnly) {
  const auto summary = comparison().methods[0];
  EXPECT_EQ(summary.compared, 3);
  EXPECT_EQ(summary.error_median, 2e-8);
  EXPECT_EQ(summary.error_max, 3e-8);
  EXPECT_EQ(summary.converged, 1.0);
  EXPECT_EQ(summary.accurate, 1.0);
  EXPECT_EQ(summary.seconds, 0.25);
  EXPECT_EQ(summary.parameters, 96.0);
  EXPECT_EQ(summary.error_ratio, 1.0);
  EXPECT_EQ(summary.calibration.points, 3);
  EXPECT_NEAR(summary.calibration.covered, 2.0 / 3.0, 1e-12);
  EXPECT_NEAR(summary.calibration.median, 2.0, 0.03);
}

TEST(MethodSummary, AFailedSolutionIsTheWorstError) {
  const auto summary = comparison().methods[1];
  EXPECT_EQ(summary.compared, 3);
  EXPECT_EQ(summary.error_median, 1.0);
  EXPECT_EQ(summary.error_max, infinity);
  EXPECT_EQ(summary.accurate, 0.0);
  EXPECT_TRUE(std::isnan(summary.converged)) << "matching does not claim to converge";
  EXPECT_EQ(summary.error_ratio, 1e8);
  EXPECT_EQ(summary.calibration.points, 0);
}

TEST(MethodSummary, WithoutAnyReferenceThereIsNothingToSay) {
  const auto summary =
      summarize_method(points("adam", {undefined, undefined}, {1e-3, 1e-3}, 2), nullptr, 1e-6);
  EXPECT_EQ(summary.compared, 0);
  EXPECT_EQ(summary.converged, 0.0);
  EXPECT_TRUE(std::isnan(summary.error_median));
  EXPECT_TRUE(std::isnan(summary.accurate));
  EXPECT_TRUE(std::isnan(summary.error_ratio));
}

TEST(Comparison, TextIsAligned) {
  const std::string text = comparison_text(comparison(), TableFormat::text);
  EXPECT_THAT(text, HasSubstr("decay: 4 points; error: the largest over 256 output points"));
  EXPECT_THAT(text, HasSubstr("reference: the closed form for 2 points, CVODE for 1 point; none for 1 point, "
                              "left out of the errors\n"));
  EXPECT_THAT(text, HasSubstr("  method        median    99%  largest  converged  within 1e-06  s a point  "
                              "parameters  over gauss_newton\n"
                              "  gauss_newton   2e-08  3e-08    3e-08       100%          100%       0.25    "
                              "      96                  1\n"
                              "  matching           1    inf      inf          -            0%       0.25    "
                              "      96              1e+08\n"));
  EXPECT_THAT(text, HasSubstr("calibration of the error estimate"));
  EXPECT_THAT(text, HasSubstr("gauss_newton       3          66.66%"));
}

TEST(Comparison, MarkdownIsATable) {
  const std::string text = comparison_text(comparison(), TableFormat::markdown);
  EXPECT_THAT(text,
              HasSubstr("\n\n| method | median | 99% | largest | converged | within 1e-06 | s a point | "
                        "parameters | over gauss_newton |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n"
                        "| gauss_newton | 2e-08 | 3e-08 |"));
  EXPECT_THAT(text, HasSubstr("\n\n| method | points | below estimate |"));
}

TEST(Comparison, SaysOnlyWhatThereIs) {
  ComparisonSummary summary = comparison();
  summary.baseline.clear();
  summary.methods.erase(summary.methods.begin());
  summary.references = {0, 0, 4, 0};
  const std::string text = comparison_text(summary, TableFormat::text);
  EXPECT_THAT(text, HasSubstr("reference: gauss_newton with a finer network for 4 points\n"));
  EXPECT_THAT(text, Not(HasSubstr("over gauss")));
  EXPECT_THAT(text, Not(HasSubstr("calibration")));
}

}  // namespace
}  // namespace gluesweep::cli
