#include "gluesweep/parallel/stop_signal.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace gluesweep::parallel {
namespace {

TEST(StopSignal, RaisesAFlag) {
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) {
    const StopSignal stop;
    EXPECT_FALSE(stop.raised());
    std::raise(number);
    EXPECT_TRUE(stop.raised());
    EXPECT_EQ(stop.number(), number);
  }
}

int calls = 0;
void count_call(int) { ++calls; }

TEST(StopSignal, GivesTheHandlersBack) {
  calls = 0;
  const auto before = std::signal(SIGUSR1, count_call);
  {
    const StopSignal stop;
    std::raise(SIGUSR1);
    EXPECT_EQ(calls, 0);
  }
  std::raise(SIGUSR1);
  EXPECT_EQ(calls, 1);
  std::signal(SIGUSR1, before);
}

TEST(StopSignalDeathTest, ASecondSignalEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // LibTorch has threads
  EXPECT_EXIT(
      {
        const StopSignal stop;
        std::raise(SIGUSR1);
        std::this_thread::sleep_for(std::chrono::seconds(4));
        std::raise(SIGTERM);
        std::exit(0);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST(StopSignal, ThatIsPassedOnTwiceCountsOnce) {
  const StopSignal stop;
  std::raise(SIGTERM);
  std::raise(SIGTERM);
  std::raise(SIGUSR1);
  EXPECT_EQ(stop.number(), SIGTERM);
}

}  // namespace
}  // namespace gluesweep::parallel
