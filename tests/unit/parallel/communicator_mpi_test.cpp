#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gluesweep/job/error.hpp"
#include "gluesweep/parallel/communicator.hpp"

namespace gluesweep::parallel {
namespace {

TEST(CommunicatorMpi, BroadcastsTextsAndTensors) {
  const auto world = Communicator::world();
  const std::string long_text(300000, 'x');
  EXPECT_EQ(world.broadcast(world.rank() == 0 ? long_text : "mine"), long_text);
  EXPECT_EQ(world.broadcast(world.rank() == 0 ? std::string() : "mine"), "");

  const at::Tensor expected = at::arange(12, at::kDouble).view({3, 4}) / 7.0;
  const at::Tensor tensor = world.rank() == 0 ? expected.clone() : at::zeros({3, 4}, at::kDouble);
  world.broadcast(tensor);
  EXPECT_TRUE(at::equal(tensor, expected));
}

TEST(CommunicatorMpi, Reduces) {
  const auto world = Communicator::world();
  const std::int64_t n = world.size();
  EXPECT_EQ(world.sum(std::vector<std::int64_t>{1, world.rank()}),
            (std::vector<std::int64_t>{n, n * (n - 1) / 2}));
  EXPECT_EQ(world.sum(std::vector<double>{0.5}), (std::vector<double>{0.5 * static_cast<double>(n)}));
  EXPECT_EQ(world.max(world.rank()), static_cast<double>(n - 1));
}

TEST(CommunicatorMpi, RanksOfOneNodeAreNumbered) {
  const auto world = Communicator::world();
  EXPECT_LE(world.node_local_rank(), world.rank());
  EXPECT_EQ(world.max(world.node_local_rank() == 0 ? 1.0 : 0.0), 1.0);
}

TEST(CommunicatorMpi, AnErrorOfRankZeroReachesEveryRank) {
  const auto world = Communicator::world();
  int runs = 0;
  try {
    on_rank_zero(world, [&] {
      ++runs;
      throw job::InputError("job.yaml:3: bad");
    });
    ADD_FAILURE() << "no error";
  } catch (const job::InputError& error) {
    EXPECT_STREQ(error.what(), "job.yaml:3: bad");
  }
  EXPECT_EQ(runs, world.rank() == 0 ? 1 : 0);

  try {
    on_rank_zero(world, [] { throw std::logic_error("a fault"); });
    ADD_FAILURE() << "no error";
  } catch (const job::InputError&) {
    ADD_FAILURE() << "not the user's fault";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "a fault");
  }
  EXPECT_NO_THROW(on_rank_zero(world, [] {}));
}

}  // namespace
}  // namespace gluesweep::parallel
