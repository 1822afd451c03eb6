#include "gluesweep/cli/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace gluesweep::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ProgressLine, SaysEverything) {
  EXPECT_EQ(progress_line({1280, 0, 2, 4096, 3.14e-7, 2.5}),
            "1,280 of 4,096 points (31%), 2 failed, 512 points/s, 5.5 s left, worst error 3.1e-07");
  EXPECT_EQ(progress_line({0, 0, 0, 4096, 0.0, 0.0}), "0 of 4,096 points (0%), 0 failed");
  EXPECT_EQ(progress_line({4096, 0, 0, 4096, 0.0, 4.0}),
            "4,096 of 4,096 points (100%), 0 failed, 1,024 points/s, 4.0 s");
}

TEST(ProgressLine, RatesAreThoseOfThisRun) {
  EXPECT_EQ(progress_line({3000, 2000, 0, 4000, 0.0, 2.0}),
            "3,000 of 4,000 points (75%), 0 failed, 500 points/s, 2.0 s left");
  EXPECT_EQ(progress_line({2000, 2000, 0, 4000, 0.0, 2.0}), "2,000 of 4,000 points (50%), 0 failed");
}

TEST(ProgressBar, FitsTheTerminal) {
  const ProgressState state{1280, 0, 2, 4096, 3.14e-7, 2.5};
  EXPECT_EQ(progress_bar(state, 200), "[######..............] " + progress_line(state));
  EXPECT_EQ(progress_bar(state, 80),
            "[######..............] 1,280 of 4,096 points (31%), 2 failed, 512 points/s");
  for (int width = 1; width < 120; ++width) {
    EXPECT_LE(progress_bar(state, width).size(), static_cast<std::size_t>(std::max(width - 1, 10))) << width;
  }
}

class ProgressTest : public ::testing::Test {
 protected:
  Progress make(ProgressStyle style, std::ostream* out, int width = 0) {
    return Progress({[this](const sweep::Tally& tally) { totals_ += tally; }, [this] { return totals_; }}, {},
                    1000, style, out, width, [this] { return now_; });
  }
  void block(Progress& progress) {
    sweep::Tally tally;
    tally.count[static_cast<std::size_t>(training::Status::converged)] = 10;
    progress.block_done({}, tally);
  }
  std::size_t lines() const {
    const std::string text = out_.str();
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  double now_ = 0.0;
  sweep::Tally totals_;
  std::ostringstream out_;
};

TEST_F(ProgressTest, PlainSpeaksEarlyEveryHalfMinuteAndAtTheEnd) {
  Progress progress = make(ProgressStyle::automatic, &out_);
  for (int second = 1; second <= 100; ++second) {
    now_ = second;
    block(progress);
  }
  EXPECT_EQ(lines(), 4u);  // at 1, 31, 61, 91 s
  progress.finish();
  EXPECT_EQ(lines(), 5u);
  EXPECT_THAT(out_.str(), StartsWith("10 of 1,000 points (1%)"));
  EXPECT_THAT(out_.str(), HasSubstr("1,000 of 1,000 points (100%)"));
}

TEST_F(ProgressTest, BarIsRedrawnFiveTimesASecondAtMost) {
  Progress progress = make(ProgressStyle::automatic, &out_, 100);
  for (int step = 1; step <= 100; ++step) {
    now_ = 0.01 * step;
    block(progress);
  }
  progress.finish();
  const std::string text = out_.str();
  EXPECT_LE(std::count(text.begin(), text.end(), '\r'), 7);
  EXPECT_GE(std::count(text.begin(), text.end(), '\r'), 5);
  EXPECT_EQ(lines(), 1u);
}

TEST_F(ProgressTest, SilentRanksAndStylesStillCount) {
  Progress other_rank = make(ProgressStyle::plain, nullptr);
  block(other_rank);
  other_rank.finish();
  Progress none = make(ProgressStyle::none, &out_);
  block(none);
  none.finish();
  EXPECT_EQ(totals_.done(), 20);
  EXPECT_EQ(out_.str(), "");
}

}  // namespace
}  // namespace gluesweep::cli
