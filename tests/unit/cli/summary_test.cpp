#include "gluesweep/cli/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace gluesweep::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(LogHistogram, QuantilesAreGoodToOnePercent) {
  LogHistogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.add(1e-9 * i);
  EXPECT_NEAR(histogram.quantile(0.5), 500e-9, 5e-9);
  EXPECT_NEAR(histogram.quantile(0.99), 990e-9, 10e-9);
  EXPECT_EQ(histogram.quantile(1.0), 1e-9 * 1000);
  EXPECT_EQ(histogram.max(), 1e-9 * 1000);
}

TEST(LogHistogram, TakesAnyNumber) {
  LogHistogram histogram;
  EXPECT_TRUE(std::isnan(histogram.quantile(0.5)));
  histogram.add(nan);
  EXPECT_EQ(histogram.count(), 0);
  histogram.add(0.0);
  EXPECT_EQ(histogram.quantile(0.5), 0.0);
  histogram.add(1e300);
  histogram.add(std::numeric_limits<double>::infinity());
  EXPECT_EQ(histogram.count(), 3);
  EXPECT_TRUE(std::isinf(histogram.max()));
}

TEST(Summary, CountsAndCompares) {
  SummaryBuilder builder(1e-6);
  for (int i = 0; i < 96; ++i) builder.add(1, 2e-8, i < 10 ? 1e-8 : nan, 0.5);
  builder.add(2, 1e-3, nan, 0.5);
  builder.add(3, nan, nan, nan);
  builder.add(0, nan, nan, nan);
  builder.add(0, nan, nan, nan);
  const FileSummary summary = builder.result(2.5e6);
  EXPECT_EQ(summary.points, 100);
  EXPECT_EQ(summary.done, 98);
  EXPECT_EQ(summary.failed, 2);
  EXPECT_EQ(summary.estimated, 97);
  EXPECT_EQ(summary.verified, 10);
  EXPECT_EQ(summary.calibration.points, 10);
  EXPECT_EQ(summary.calibration.covered, 1.0);
  EXPECT_NEAR(summary.calibration.median, 2.0, 0.03);
  EXPECT_NEAR(summary.matching_factor, 0.5 / 2e-8, 0.02 * 0.5 / 2e-8);
  const std::string text = summary_text(summary, "a.h5");
  EXPECT_THAT(text, HasSubstr("98 of 100 done"));
  EXPECT_THAT(text, HasSubstr("converged             96 (96%)"));
  EXPECT_THAT(text, HasSubstr("not_converged         1 (1%)"));
  EXPECT_THAT(text, HasSubstr("pending               2 (2%)"));
  EXPECT_THAT(text, HasSubstr("median 2e-08, 99% below"));
  EXPECT_THAT(text, HasSubstr("largest 0.001"));
  EXPECT_THAT(text, HasSubstr("times ours in the median"));
  EXPECT_THAT(text, HasSubstr("on 10 points checked independently\n"));
  EXPECT_THAT(text,
              HasSubstr("calibration             100% of the true errors below their estimate; estimate over "
                        "error: median 2, 5% to 95%: 2 to 2\n"));
  EXPECT_THAT(text, HasSubstr("a.h5 (2.5 MB)"));
}

TEST(Summary, MatchingAloneIsNotComparedWithItself) {
  SummaryBuilder builder(1e-6);
  for (int i = 0; i < 4; ++i) builder.add(5, 0.3, nan, 0.3);
  const FileSummary summary = builder.result(0);
  EXPECT_EQ(summary.failed, 0);
  EXPECT_THAT(summary_text(summary, "a.h5"), Not(HasSubstr("times ours")));
}

TEST(Summary, MatchingIsNotMeasuredOnWrongSolutions) {
  SummaryBuilder builder(1e-6);
  for (int i = 0; i < 3; ++i) builder.add(1, 1e-8, nan, 0.5);
  for (int i = 0; i < 5; ++i) builder.add(2, 4e3, nan, 1.3e3);
  const FileSummary summary = builder.result(0);
  EXPECT_EQ(summary.matched, 3);
  EXPECT_NEAR(summary.matching_median, 0.5, 0.01);
  EXPECT_NEAR(summary.matching_factor, 5e7, 1e6);
}

TEST(Summary, CoverageIsNotClaimedWithoutEstimates) {
  SummaryBuilder builder(1e-6);
  for (int i = 0; i < 4; ++i) builder.add(1, nan, 1e-8, 0.3);
  const auto text = summary_text(builder.result(0), "a.h5");
  EXPECT_THAT(text, HasSubstr("on 4 points checked independently\n"));
  EXPECT_THAT(text, Not(HasSubstr("below their estimate")));
}

TEST(Summary, PointsThatCouldNotBeVerifiedAreCounted) {
  SummaryBuilder builder(1e-6);
  builder.add(1, 1e-7, 1e-8, 0.3);
  builder.add(1, 1e-7, nan, 0.3);
  builder.add_unverified();
  EXPECT_THAT(
      summary_text(builder.result(0), "a.h5"),
      HasSubstr("on 1 points checked independently; 1 could not be checked: the integrator or the point "
                "gave no finite number\n"));
  SummaryBuilder none(1e-6);
  none.add(1, 1e-7, nan, 0.3);
  none.add_unverified();
  const auto text = summary_text(none.result(0), "a.h5");
  EXPECT_THAT(text, HasSubstr("error (verified)        1 could not be checked"));
  EXPECT_THAT(text, Not(HasSubstr("calibration")));
}

TEST(Calibration, QuantilesOfEstimateOverError) {
  CalibrationBuilder builder;
  for (int i = 1; i <= 100; ++i) builder.add(0.1 * i, 1.0);
  builder.add(nan, 1.0);
  builder.add(1.0, nan);
  const Calibration found = builder.result();
  EXPECT_EQ(found.points, 100);
  EXPECT_NEAR(found.covered, 0.91, 1e-12);
  EXPECT_NEAR(found.low, 0.5, 0.01);
  EXPECT_NEAR(found.median, 5.0, 0.05);
  EXPECT_NEAR(found.high, 9.5, 0.1);
  EXPECT_TRUE(std::isnan(CalibrationBuilder().result().covered));
}

TEST(Summary, AlmostAllIsNotAll) {
  SummaryBuilder builder(1e-6);
  for (int i = 0; i < 99999; ++i) builder.add(1, 1e-8, nan, nan);
  builder.add(2, 1e-3, nan, nan);
  EXPECT_THAT(summary_text(builder.result(0), "a.h5"), HasSubstr("99,999 (99.99%)"));
}

TEST(Times, SaysWhereTheTimeWent) {
  sweep::Summary first, second;
  first.tally.count[1] = 4000;
  second.tally.count[2] = 96;
  first.blocks = 10;
  second.blocks = 1;
  first.busy_seconds = 9.0;
  first.write_seconds = 0.5;
  first.open_seconds = 0.2;
  first.wait_seconds = 0.3;
  second.busy_seconds = 5.0;
  second.tail_seconds = 5.0;
  second.longest_seconds = 1.25;
  EXPECT_EQ(
      times_text(8.0, {first, second}),
      "  time                    8.0 s on 2 ranks, 512 points/s; 70.0% training, 2.5% writing, 1.0% opening "
      "and closing the file, 1.5% waiting for blocks, 25.0% idle at the end\n"
      "  blocks                  11, the longest 1.2 s\n"
      "    rank 0                4,000 points in 10 blocks; 90.0% training, 5.0% writing, 2.0% opening and "
      "closing the file, 3.0% waiting for blocks, 0.0% idle at the end\n"
      "    rank 1                96 points in 1 blocks; 50.0% training, 0.0% writing, 0.0% opening and "
      "closing the file, 0.0% waiting for blocks, 50.0% idle at the end\n");
}

TEST(Times, OfManyRanksNamesTheExtremes) {
  std::vector<sweep::Summary> ranks(40);
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    ranks[i].busy_seconds = static_cast<double>((i * 7) % 40 + 1);
    ranks[i].tail_seconds = 41.0 - ranks[i].busy_seconds;
  }
  const std::string text = times_text(1.0, ranks);
  EXPECT_THAT(text, AllOf(HasSubstr("rank 0 "), HasSubstr("(least busy)"), HasSubstr("rank 17 "),
                          HasSubstr("(busiest)"), HasSubstr("(median)")));
  EXPECT_THAT(text, Not(HasSubstr("rank 1 ")));
}

}  // namespace
}  // namespace gluesweep::cli
