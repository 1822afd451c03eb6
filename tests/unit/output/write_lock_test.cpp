#include "gluesweep/output/write_lock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>

#include "gluesweep/job/error.hpp"
#include "synthetic.hpp"

namespace gluesweep::output {
namespace {

TEST(WriteLock, OneAtATime) {
  const synthetic::TemporaryDirectory directory("write-lock-test");
  const std::string path = directory.file("sweep.h5");
  auto first = std::make_unique<WriteLock>(path);
  try {
    const WriteLock second(path);
    FAIL() << "two locks at a time";
  } catch (const job::InputError& error) {
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::HasSubstr(path + " is being written by another run (process "),
                               testing::HasSubstr("-o")));
  }
  first.reset();
  EXPECT_FALSE(std::filesystem::exists(path + ".lock"));
  const WriteLock third(path);
}

TEST(WriteLock, ThatOfAKilledRunIsFree) {
  const synthetic::TemporaryDirectory directory("write-lock-killed-test");
  const std::string path = directory.file("sweep.h5");
  std::ofstream(path + ".lock") << "process 1 on gone, since long ago, and a longer text than ours will be";
  const WriteLock lock(path);
  std::ifstream file(path + ".lock");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("gone")));
}

}  // namespace
}  // namespace gluesweep::output
