#include "gluesweep/output/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "gluesweep/job/error.hpp"
#include "gluesweep/output/sweep_file.hpp"
#include "synthetic.hpp"

namespace gluesweep::output {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class TargetTest : public testing::Test {
 protected:
  void create(Target target = Target::nothing) {
    const auto job = synthetic::make_job(100, 16);
    SweepFile::create({}, path_, job, sweep::ParameterSpace(job), sweep::Share::all(100),
                      synthetic::make_network(), synthetic::make_provenance(), target)
        .close();
  }

  synthetic::TemporaryDirectory directory_{"target-test"};
  std::string path_ = directory_.file("sweep.h5");
};

TEST_F(TargetTest, KnowsWhatIsThere) {
  EXPECT_EQ(examine(path_).kind, Existing::Kind::nothing);
  std::ofstream(path_) << "text";
  EXPECT_EQ(examine(path_).kind, Existing::Kind::other);
  EXPECT_THAT(examine(path_).reason, HasSubstr("it is not an HDF5 file"));
  create(Target::a_file_to_replace);
  const Existing found = examine(path_);
  EXPECT_EQ(found.kind, Existing::Kind::sweep_file);
  EXPECT_EQ(found.job_hash, "0123456789abcdef");
  EXPECT_EQ(found.version, "gluesweep 0.1.0 (abcdef0)");
  EXPECT_EQ(found.share.count, 100);
  EXPECT_FALSE(found.complete());
}

TEST_F(TargetTest, PublishingReplacesOnlyWhatMayBeReplaced) {
  std::ofstream(path_) << "precious";
  const std::string temporary = temporary_name(path_);
  std::ofstream(temporary) << "new";
  EXPECT_THROW(publish(temporary, path_), job::InputError);
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
  publish(temporary, path_, Target::a_file_to_replace);
  EXPECT_EQ(std::filesystem::file_size(path_), 3u);
  EXPECT_FALSE(std::filesystem::exists(temporary));
}

TEST_F(TargetTest, NamesLeaveRoomForTheTemporaryFile) {
  path_ = directory_.file(std::string(240, 'x'));
  try {
    create();
    FAIL() << "a name of 240 characters was accepted";
  } catch (const job::InputError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("has 240 characters, and at most 235 are accepted"),
                                    HasSubstr("choose a shorter name with -o")));
  }
  path_ = directory_.file(std::string(235, 'x'));
  create();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(TargetTest, LeftoversOfKilledRunsGo) {
  std::ofstream(path_ + ".creating-12345") << "half";
  std::ofstream(directory_.file("other.h5.creating-1")) << "of another file";
  create();
  EXPECT_FALSE(std::filesystem::exists(path_ + ".creating-12345"));
  EXPECT_TRUE(std::filesystem::exists(directory_.file("other.h5.creating-1")));
}

}  // namespace
}  // namespace gluesweep::output
