#include <gtest/gtest.h>

#include "gluesweep/parallel/communicator.hpp"

/// Every rank runs every test; all of them fail when one does. Only rank 0 prints its successes.
int main(int argc, char** argv) {
  const gluesweep::parallel::MpiSession session(&argc, &argv);
  const auto world = gluesweep::parallel::Communicator::world();
  if (world.rank() != 0) GTEST_FLAG_SET(brief, true);
  testing::InitGoogleTest(&argc, argv);
  const int failed = RUN_ALL_TESTS();
  return world.max(failed) > 0.0 ? 1 : 0;
}
