#include "gluesweep/cli/version.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gluesweep::cli {
namespace {

TEST(Version, NamesEverythingAResultDependsOn) {
  EXPECT_FALSE(program_version().empty());
  EXPECT_FALSE(git_commit().empty());
  const std::string text = version_text();
  for (const char* name :
       {"gluesweep", "commit", "LibTorch", "MPI", "HDF5", "compiler", "yaml-cpp", "Boost"}) {
    EXPECT_THAT(text, ::testing::ContainsRegex(std::string(name) + " +[^ \n]")) << name;
  }
#ifdef GLUESWEEP_WITH_REFERENCE
  EXPECT_THAT(text, ::testing::ContainsRegex("SUNDIALS +[0-9]"));
#endif
}

}  // namespace
}  // namespace gluesweep::cli
