#include "gluesweep/sweep/schedule.hpp"

#include <gtest/gtest.h>

#include "gluesweep/job/error.hpp"

namespace gluesweep::sweep {
namespace {

TEST(Share, PartsAreWholeBlocksAndCoverTheScan) {
  for (const std::int64_t samples : {1, 100, 128, 129, 1000}) {
    const std::int64_t blocks = block_count(samples, 16);
    for (std::int64_t parts = 1; parts <= blocks; ++parts) {
      std::int64_t next = 0, least = samples, most = 0;
      for (std::int64_t part = 1; part <= parts; ++part) {
        const Share share = share_of(samples, 16, part, parts);
        EXPECT_EQ(share.first, next);
        EXPECT_EQ(share.first % 16, 0);
        EXPECT_EQ(share.scan, samples);
        EXPECT_EQ(share.is_all(), parts == 1);
        next += share.count;
        least = std::min(least, block_count(share.count, 16));
        most = std::max(most, block_count(share.count, 16));
      }
      EXPECT_EQ(next, samples);
      EXPECT_LE(most - least, 1);
    }
    EXPECT_THROW(share_of(samples, 16, 1, blocks + 1), job::InputError);
  }
}

TEST(Schedule, OfAShareNamesTheScansBlocks) {
  const Schedule schedule({32, 68, 100}, 16);
  ASSERT_EQ(schedule.size(), 5);
  EXPECT_EQ(schedule.at(0).index, 2);
  EXPECT_EQ(schedule.at(0).first, 32);
  EXPECT_EQ(schedule.at(4).first, 96);
  EXPECT_EQ(schedule.at(4).count, 4);
}

TEST(Schedule, HandsOutTheCostliestFirstAndLeavesOutWhatIsDone) {
  Schedule schedule(Share::all(100), 16);
  const std::vector<double> costs{1.0, 0.0, 3.0, 1.0, 2.0, 0.0, 3.0};
  std::vector<std::int64_t> asked;
  schedule.arrange([&](const Block& block) {
    asked.push_back(block.index);
    return costs[static_cast<std::size_t>(block.index)];
  });
  EXPECT_EQ(asked, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6}));
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < schedule.size(); ++i) order.push_back(schedule.at(i).index);
  EXPECT_EQ(order, (std::vector<std::int64_t>{2, 6, 4, 0, 3}));
}

}  // namespace
}  // namespace gluesweep::sweep
