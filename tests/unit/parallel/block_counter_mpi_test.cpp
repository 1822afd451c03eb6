#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "gluesweep/parallel/block_counter.hpp"

namespace gluesweep::parallel {
namespace {

using Clock = std::chrono::steady_clock;

sweep::Schedule all(std::int64_t samples, std::int64_t size) { return {sweep::Share::all(samples), size}; }

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

TEST(BlockCounterMpi, EveryBlockGoesToExactlyOneRank) {
  const auto world = Communicator::world();
  constexpr std::int64_t samples = 5003, size = 5;
  BlockCounter counter(world, all(samples, size));
  std::vector<std::int64_t> taken(sweep::block_count(samples, size), 0);
  while (const auto block = counter.next()) {
    ++taken[static_cast<std::size_t>(block->index)];
    if (world.rank() == 1) std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  for (const std::int64_t times : world.sum(taken)) ASSERT_EQ(times, 1);
}

TEST(BlockCounterMpi, UnevenWorkIsBalanced) {
  const auto world = Communicator::world();
  BlockCounter counter(world, all(60, 1));
  world.barrier();
  const auto start = Clock::now();
  // Rank 0's blocks take 30 times as long as the others': it must get few of them.
  std::int64_t mine = 0;
  while (const auto block = counter.next()) {
    ++mine;
    std::this_thread::sleep_for(std::chrono::milliseconds(world.rank() == 0 && world.size() > 1 ? 300 : 10));
  }
  EXPECT_LT(seconds_since(start), 2.0);
  if (world.rank() == 0 && world.size() > 1) {
    EXPECT_LT(mine, 10);
  }
}

// Rank 0 computes for three seconds without a call into MPI; the others must not wait for it. (True between
// processes that share memory; block_counter.cpp says what holds between nodes.)
TEST(BlockCounterMpi, NobodyWaitsForRankZero) {
  const auto world = Communicator::world();
  const int others = world.size() - 1;
  BlockCounter counter(world, all(std::max(1, 100 * others), 1));
  world.barrier();
  const auto start = Clock::now();
  if (world.rank() == 0) {
    std::this_thread::sleep_for(std::chrono::seconds(3));
  } else {
    sweep::Tally tally;
    tally.count[1] = 1;
    while (counter.next()) counter.add(tally);
    EXPECT_LT(seconds_since(start), 2.0);
    RecordProperty("microseconds_per_block", static_cast<int>(seconds_since(start) * 1e4));
  }
  world.barrier();
  EXPECT_EQ(counter.totals().done(), 100 * others);
}

TEST(BlockCounterMpi, AStopOnAnyRankStopsAll) {
  const auto world = Communicator::world();
  std::int64_t mine = 0;
  const bool stopper = world.rank() == world.size() - 1;
  BlockCounter counter(world, all(1000000, 1),
                       [&] { return stopper && mine == 20 ? SIGTERM : StopReason::none; });
  while (counter.next()) {
    ++mine;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (stopper) {
    EXPECT_EQ(mine, 20);
  }
  world.barrier();
  EXPECT_EQ(counter.stopped(), SIGTERM);
  EXPECT_LT(world.sum(std::vector<std::int64_t>{mine})[0], 100000);
}

TEST(BlockCounterMpi, AllRanksMayStopAtOnce) {
  const auto world = Communicator::world();
  BlockCounter counter(world, all(1000000, 1), [] { return StopReason::time_limit; });
  EXPECT_FALSE(counter.next());
  EXPECT_FALSE(counter.next());
  EXPECT_EQ(counter.stopped(), StopReason::time_limit);
}

TEST(BlockCounterMpi, TalliesOfAllRanksAddUp) {
  const auto world = Communicator::world();
  BlockCounter counter(world, all(10, 1));
  sweep::Tally tally;
  tally.count = {0, 10, 1, 0, 0, 2};
  tally.worst_error = 1e-8 * (world.rank() + 1);
  for (int i = 0; i < 50; ++i) counter.add(tally);
  while (counter.next()) {
  }  // finding no more blocks sends what was held back
  world.barrier();
  const sweep::Tally all = counter.totals();
  EXPECT_EQ(all.of(training::Status::converged), 500 * world.size());
  EXPECT_EQ(all.of(training::Status::matching_only), 100 * world.size());
  EXPECT_EQ(all.failed(), 50 * world.size());
  EXPECT_EQ(all.worst_error, 1e-8 * world.size());
}

}  // namespace
}  // namespace gluesweep::parallel
