#include "gluesweep/output/hdf5.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "synthetic.hpp"

namespace gluesweep::output {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

int closed = 0;
herr_t count_close(hid_t) {
  ++closed;
  return 0;
}

TEST(Handle, ClosesOnce) {
  closed = 0;
  {
    Handle first(5, count_close);
    Handle second(std::move(first));
    EXPECT_FALSE(first);  // NOLINT: a moved-from handle is empty
    EXPECT_EQ(second.get(), 5);
    Handle third;
    third = std::move(second);
    EXPECT_EQ(closed, 0);
  }
  EXPECT_EQ(closed, 1);
}

TEST(Handle, ReleasesWithoutClosing) {
  closed = 0;
  { EXPECT_EQ(Handle(5, count_close).release(), 5); }
  EXPECT_EQ(closed, 0);
}

TEST(Handle, ReportsAnErrorOfClosing) {
  Handle handle(5, [](hid_t) -> herr_t { return -1; });
  EXPECT_THROW(handle.close("close", "x.h5"), FileError);
}

class Hdf5 : public testing::Test {
 protected:
  Hdf5() : directory_("hdf5-test-" + std::to_string(::getpid())) { silence_hdf5(); }

  std::string open_error(const std::string& path) {
    try {
      const Handle file(check(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), "open", path), H5Fclose);
    } catch (const FileError& error) {
      return error.what();
    }
    return "no error";
  }

  synthetic::TemporaryDirectory directory_;
};

TEST_F(Hdf5, AnErrorNamesFileOperationAndReason) {
  const std::string path = directory_.file("none.h5");
  EXPECT_THAT(open_error(path), AllOf(HasSubstr(path + ": could not open: "), HasSubstr("No such file")));

  const std::string text = directory_.file("text.h5");
  std::ofstream(text) << "not HDF5, but long enough to be looked at for a signature";
  EXPECT_THAT(open_error(text), HasSubstr("file signature not found"));
}

TEST_F(Hdf5, ALockedFileIsExplained) {
  const std::string path = directory_.file("locked.h5");
  H5Fclose(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  // A lock as another program's writer holds it; it belongs to the descriptor, so one of our own will do.
  const int descriptor = ::open(path.c_str(), O_RDWR);
  ASSERT_EQ(::flock(descriptor, LOCK_EX | LOCK_NB), 0);
  EXPECT_THAT(open_error(path), AllOf(HasSubstr("unable to lock file"), HasSubstr("close the other program"),
                                      HasSubstr("HDF5_USE_FILE_LOCKING=FALSE")));
  ::close(descriptor);
  EXPECT_EQ(open_error(path), "no error");
}

TEST_F(Hdf5, ATruncatedFileIsNoLockedOne) {
  const std::string path = directory_.file("cut.h5");
  H5Fclose(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  // HDF5 speaks of a superblock, "sblock".
  EXPECT_THAT(open_error(path), AllOf(HasSubstr("truncated file"), Not(HasSubstr("LOCKING"))));
}

TEST_F(Hdf5, AttributesOfSeveralValuesAreRefused) {
  const std::string path = directory_.file("lists.h5");
  const Handle file(check(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), "create", path),
                    H5Fclose);
  write_attribute(file.get(), "list", std::vector<std::uint8_t>(1000, 7), path);
  EXPECT_THROW(read_integer_attribute(file.get(), "list", path), FileError);
  EXPECT_THROW(read_text_attribute(file.get(), "list", path), FileError);
}

TEST_F(Hdf5, LongTextsAreAttributes) {
  const std::string path = directory_.file("long.h5");
  std::string text;
  while (text.size() < 200000) text += "line " + std::to_string(text.size()) + " µ\n";
  {
    const Handle file(check(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), "create", path),
                      H5Fclose);
    write_attribute(file.get(), "job", text, path);
    write_attribute(file.get(), "empty", "", path);
    write_attribute(file.get(), "number", std::int64_t{-5}, path);
  }
  const Handle file(check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open", path), H5Fclose);
  EXPECT_EQ(read_text_attribute(file.get(), "job", path), text);
  EXPECT_EQ(read_text_attribute(file.get(), "empty", path), "");
  EXPECT_EQ(read_integer_attribute(file.get(), "number", path), -5);
  EXPECT_TRUE(has_attribute(file.get(), "job"));
  EXPECT_FALSE(has_attribute(file.get(), "jobs"));
  EXPECT_THROW(read_text_attribute(file.get(), "number", path), FileError);
  EXPECT_THROW(read_text_attribute(file.get(), "none", path), FileError);
}

}  // namespace
}  // namespace gluesweep::output
