#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gluesweep/job/error.hpp"
#include "gluesweep/parallel/block_counter.hpp"
#include "gluesweep/parallel/communicator.hpp"

/// Everything here works before, and without, MPI_Init.
namespace gluesweep::parallel {
namespace {

TEST(NullCommunicator, IsRankZeroOfOne) {
  const Communicator alone;
  EXPECT_TRUE(alone.is_null());
  EXPECT_EQ(alone.rank(), 0);
  EXPECT_EQ(alone.size(), 1);
  EXPECT_EQ(alone.node_local_rank(), 0);
  alone.barrier();
  EXPECT_EQ(alone.broadcast(std::string("text")), "text");
  EXPECT_EQ(alone.sum(std::vector<std::int64_t>{1, 2}), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(alone.max(3.0), 3.0);
}

TEST(NullCommunicator, PassesErrorsOn) {
  const Communicator alone;
  EXPECT_THROW(on_rank_zero(alone, [] { throw job::InputError("bad"); }), job::InputError);
  EXPECT_THROW(on_rank_zero(alone, [] { throw std::runtime_error("bad"); }), std::runtime_error);
  EXPECT_NO_THROW(on_rank_zero(alone, [] {}));
}

TEST(NullCommunicator, OnlyContiguousTensorsAreBroadcast) {
  EXPECT_THROW(Communicator().broadcast(at::zeros({3, 4}).t()), std::logic_error);
}

TEST(BlockCounter, HandsOutEveryBlockInOrder) {
  BlockCounter counter(Communicator(), {sweep::Share::all(20), 8});
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto block = counter.next();
    ASSERT_TRUE(block);
    EXPECT_EQ(block->index, i);
    EXPECT_EQ(block->first, 8 * i);
    EXPECT_EQ(block->count, i < 2 ? 8 : 4);
  }
  EXPECT_FALSE(counter.next());
  EXPECT_FALSE(counter.next());
  EXPECT_EQ(counter.stopped(), StopReason::none);
}

TEST(BlockCounter, StopsWhenAsked) {
  int requested = StopReason::none;
  BlockCounter counter(Communicator(), {sweep::Share::all(100), 8}, [&] { return requested; });
  EXPECT_TRUE(counter.next());
  requested = StopReason::time_limit;
  EXPECT_FALSE(counter.next());
  EXPECT_EQ(counter.stopped(), StopReason::time_limit);
  EXPECT_FALSE(counter.next());
}

TEST(BlockCounter, AddsTalliesUp) {
  BlockCounter counter(Communicator(), {sweep::Share::all(100), 8});
  sweep::Tally tally;
  tally.count = {0, 5, 2, 1, 0, 0};
  tally.worst_error = 1e-7;
  counter.add(tally);
  tally.worst_error = 1e-9;
  counter.add(tally);
  EXPECT_EQ(counter.totals().done(), 16);
  EXPECT_EQ(counter.totals().failed(), 6);
  EXPECT_EQ(counter.totals().worst_error, 1e-7);
}

}  // namespace
}  // namespace gluesweep::parallel
