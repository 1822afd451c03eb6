#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "gluesweep/parallel/attention.hpp"
#include "gluesweep/parallel/block_counter.hpp"

namespace gluesweep::parallel {
namespace {

using Clock = std::chrono::steady_clock;

// Rank 0 computes for three seconds, in blocks without a call into MPI. Run as well where one-sided
// operations are messages that wait for their target (ctest: mpi.2_ranks.messages).
TEST(AttentionMpi, LetsTheOthersGoOn) {
  const auto world = Communicator::world();
  const int others = world.size() - 1;
  BlockCounter counter(world, {sweep::Share::all(std::max(1, 100 * others)), 1});
  world.barrier();
  const auto start = Clock::now();
  if (world.rank() == 0) {
    const Attention attention(world);
    std::this_thread::sleep_for(std::chrono::seconds(3));
  } else {
    while (counter.next()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_LT(std::chrono::duration<double>(Clock::now() - start).count(), 2.0);
  }
  world.barrier();
}

TEST(AttentionMpi, EndsAtOnce) {
  const auto world = Communicator::world();
  const auto start = Clock::now();
  for (int i = 0; i < 20; ++i) const Attention attention(world);
  EXPECT_LT(std::chrono::duration<double>(Clock::now() - start).count(), 1.0);
}

TEST(AttentionMpi, IsNotNeededOnOneNode) { EXPECT_FALSE(attention_helps(Communicator::world())); }

}  // namespace
}  // namespace gluesweep::parallel
