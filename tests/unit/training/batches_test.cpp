#include "../../../src/training/batches.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace gluesweep::training {
namespace {

using Calls = std::vector<std::pair<std::int64_t, std::int64_t>>;

/// A device on which `room` points fit.
Calls run(Batches& batches, std::int64_t points, std::int64_t size, std::int64_t room) {
  Calls done;
  batches.run(points, size, [&](std::int64_t first, std::int64_t count) {
    if (count > room) throw c10::OutOfMemoryError({__func__, __FILE__, __LINE__}, "out of memory");
    done.emplace_back(first, count);
  });
  return done;
}

TEST(Batches, CoverAllPointsOnce) {
  Batches batches;
  EXPECT_EQ(run(batches, 10, 4, 100), (Calls{{0, 4}, {4, 4}, {8, 2}}));
  EXPECT_EQ(batches.limit(), 0);
}

TEST(Batches, AreHalvedUntilTheyFitAndStaySo) {
  Batches batches;
  EXPECT_EQ(run(batches, 10, 8, 3), (Calls{{0, 2}, {2, 2}, {4, 2}, {6, 2}, {8, 2}}));
  EXPECT_EQ(batches.limit(), 2);
  EXPECT_EQ(run(batches, 3, 8, 100), (Calls{{0, 2}, {2, 1}}));
}

TEST(Batches, GiveUpWhereNotEvenOnePointFits) {
  Batches batches;
  EXPECT_THROW(run(batches, 10, 8, 0), c10::OutOfMemoryError);
}

TEST(Batches, LetOtherErrorsPass) {
  Batches batches;
  EXPECT_THROW(batches.run(4, 2, [](std::int64_t, std::int64_t) { throw std::runtime_error("no"); }),
               std::runtime_error);
  EXPECT_EQ(batches.limit(), 0);
}

}  // namespace
}  // namespace gluesweep::training
