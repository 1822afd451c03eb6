#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include "../../../src/cli/collective.hpp"
#include "gluesweep/job/error.hpp"

namespace gluesweep::cli {
namespace {

TEST(OnEveryRank, AllThrowWhatTheFirstFailingRankThrows) {
  const auto world = parallel::Communicator::world();
  const int last = world.size() - 1;
  try {
    on_every_rank(world, [&] {
      if (world.rank() == last) throw job::InputError("no such GPU");
    });
    FAIL() << "nothing was thrown";
  } catch (const job::InputError& error) {
    EXPECT_STREQ(error.what(), "no such GPU");
  }
  try {
    on_every_rank(world, [&] {
      if (world.rank() == last) throw std::runtime_error("out of memory");
    });
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "rank " + std::to_string(last) + ": out of memory");
  }
}

TEST(BroadcastArrays, GivesAllRankZerosValues) {
  const auto world = parallel::Communicator::world();
  const at::Tensor one = at::full({3}, world.rank() + 1.0, at::kDouble);
  const at::Tensor two = at::full({2, 4}, world.rank() + 5.0, at::kDouble);
  broadcast_arrays(world, {{"one", one}, {"two", two}});
  EXPECT_TRUE((one == 1.0).all().item<bool>());
  EXPECT_TRUE((two == 5.0).all().item<bool>());
}

TEST(BroadcastArrays, RefusesOtherShapesOnEveryRank) {
  const auto world = parallel::Communicator::world();
  const int last = world.size() - 1;
  const at::Tensor mixing = at::zeros({7, world.rank() == last && last > 0 ? 5 : 6}, at::kDouble);
  if (last == 0) return broadcast_arrays(world, {{"mixing", mixing}});
  try {
    broadcast_arrays(world, {{"mixing", mixing}});
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(
        error.what(),
        "rank " + std::to_string(last) +
            ": the hidden layers have other sizes here (mixing 7 x 5) than on rank 0 (mixing 7 x 6): this "
            "rank's processor rounds differently just where the number of features is decided; run on "
            "nodes of one kind, or choose another network.seed or network.features");
  }
}

TEST(OnEveryRank, PassesWhenAllSucceed) {
  int calls = 0;
  on_every_rank(parallel::Communicator::world(), [&] { ++calls; });
  on_every_rank({}, [&] { ++calls; });
  EXPECT_EQ(calls, 2);
  EXPECT_THROW(on_every_rank({}, [] { throw job::InputError("alone"); }), job::InputError);
}

TEST(WaitForAll, CallsMeanwhileUntilTheLastRankArrives) {
  const auto world = parallel::Communicator::world();
  world.barrier();
  if (world.rank() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  int calls = 0;
  wait_for_all(world, [&] { ++calls; });
  if (world.rank() != 0) {
    EXPECT_GE(calls, 1);
  }
}

}  // namespace
}  // namespace gluesweep::cli
