#include "gluesweep/output/sweep_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>

#include "gluesweep/job/error.hpp"
#include "gluesweep/output/hdf5.hpp"
#include "gluesweep/output/sweep_file.hpp"
#include "synthetic.hpp"

namespace gluesweep::output {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// Sweep files that are not what they should be.
class SweepReaderTest : public testing::Test {
 protected:
  SweepReaderTest() {
    const auto job = synthetic::make_job(100, 16);
    SweepFile::create({}, path_, job, sweep::ParameterSpace(job), sweep::Share::all(100),
                      synthetic::make_network(), synthetic::make_provenance())
        .close();
  }

  /// The message of reading a file that was changed so.
  std::string message(const std::function<void(hid_t)>& change,
                      const std::function<void(const SweepReader&)>& read) {
    {
      const Handle file(check(H5Fopen(path_.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), "open", path_), H5Fclose);
      change(file.get());
    }
    try {
      read(SweepReader(path_));
    } catch (const job::InputError& error) {
      return error.what();
    }
    return "no error";
  }

  std::string message(const std::function<void(hid_t)>& change) {
    return message(change, [](const SweepReader& reader) { reader.tally(); });
  }

  /// Another dataset in place of a variable.
  static void replace(hid_t file, const char* name, hid_t type, const std::vector<hsize_t>& shape,
                      const std::vector<hsize_t>& chunk = {}) {
    ASSERT_GE(H5Ldelete(file, name, H5P_DEFAULT), 0);
    const Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    if (chunk.empty()) {
      H5Pset_alloc_time(properties.get(), H5D_ALLOC_TIME_EARLY);
    } else {
      H5Pset_chunk(properties.get(), static_cast<int>(chunk.size()), chunk.data());
    }
    const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
    const Handle dataset(
        H5Dcreate2(file, name, type, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT), H5Dclose);
    ASSERT_TRUE(dataset);
  }

  synthetic::TemporaryDirectory directory_{"sweep-reader-test"};
  std::string path_ = directory_.file("sweep.h5");
};

TEST_F(SweepReaderTest, AttributesThatAreMissingOrOfOtherTypes) {
  EXPECT_EQ(message([](hid_t) {}), "no error");
  const auto text = [](const SweepReader& reader) { reader.text("job"); };
  EXPECT_THAT(message([](hid_t file) { H5Adelete(file, "job"); }, text),
              AllOf(HasSubstr(path_ + ": could not open the attribute job"), HasSubstr("restore a copy")));
  EXPECT_THAT(message([&](hid_t file) { write_attribute(file, "job", 3.5, path_); }, text),
              HasSubstr("could not read the text of the attribute job"));
  EXPECT_THAT(message([&](hid_t file) {
                H5Adelete(file, "format_version");
                write_attribute(file, "format_version", std::vector<std::uint8_t>(4, 1), path_);
              }),
              HasSubstr("the attribute format_version holds 4 values instead of one"));
}

TEST_F(SweepReaderTest, PartsOutsideOfTheScan) {
  EXPECT_THAT(message([&](hid_t file) {
                H5Adelete(file, "first_sample");
                write_attribute(file, "first_sample", std::int64_t{1}, path_);
              }),
              HasSubstr("it says that it holds 100 samples from number 1 of a scan of 100"));
}

TEST_F(SweepReaderTest, VariablesOfOtherShapesAndTypes) {
  EXPECT_THAT(message([](hid_t file) { replace(file, "status", H5T_NATIVE_UINT8, {99}); }),
              HasSubstr("sample and status differ in length"));
  EXPECT_THAT(message([](hid_t file) { replace(file, "status", H5T_NATIVE_DOUBLE, {100}); }),
              HasSubstr("its variable status holds something else than numbers"));
  EXPECT_THAT(message([](hid_t file) { replace(file, "sample", H5T_C_S1, {100}); }),
              HasSubstr("its variable sample holds something else than numbers"));
  EXPECT_THAT(message([](hid_t file) { H5Ldelete(file, "sample", H5P_DEFAULT); }),
              HasSubstr("could not open the variable sample"));
}

TEST_F(SweepReaderTest, ErrorsWithoutColumns) {
  EXPECT_THAT(message([](hid_t file) {
                replace(file, "error_estimate", H5T_NATIVE_DOUBLE, {100, 2});
              }),
              HasSubstr("its variable error_estimate holds more than one number a sample"));
}

TEST_F(SweepReaderTest, VariablesLongerThanTheirData) {
  // Memory for these would be 8 TB, and reading them in pieces would take days.
  const hsize_t samples = 1'000'000'000'000;
  EXPECT_THAT(message([&](hid_t file) { replace(file, "sample", H5T_NATIVE_INT64, {samples}, {1000}); }),
              AllOf(HasSubstr("its variable sample is longer than the data in the file"),
                    HasSubstr("restore a copy of it, or run the scan again")));
}

TEST_F(SweepReaderTest, StatusesWithoutMeaning) {
  const std::vector<std::uint8_t> statuses(100, 200);
  EXPECT_THAT(message([&](hid_t file) {
                const Handle dataset(H5Dopen2(file, "status", H5P_DEFAULT), H5Dclose);
                H5Dwrite(dataset.get(), H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, statuses.data());
              }),
              HasSubstr("its variable status holds 200, which has no meaning"));
}

TEST_F(SweepReaderTest, FilesThatCompressionMadeSmallerAreRead) {
  EXPECT_EQ(message([](hid_t file) {
              ASSERT_GE(H5Ldelete(file, "error_estimate", H5P_DEFAULT), 0);
              const Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
              const hsize_t size = 100;
              H5Pset_chunk(properties.get(), 1, &size);
              H5Pset_deflate(properties.get(), 9);
              const Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
              const Handle dataset(H5Dcreate2(file, "error_estimate", H5T_NATIVE_DOUBLE, space.get(),
                                              H5P_DEFAULT, properties.get(), H5P_DEFAULT),
                                   H5Dclose);
              const std::vector<double> zeros(size, 0.0);
              H5Dwrite(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros.data());
            }),
            "no error");
}

TEST_F(SweepReaderTest, WhatIsNoOrdinaryFile) {
  path_ = directory_.file("pipe");
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  for (const std::string& path : {path_, std::string("/dev/zero")}) {
    try {
      const SweepReader reader(path);
      FAIL() << path << " was read";
    } catch (const job::InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr("it is no ordinary file"));
    }
  }
}

}  // namespace
}  // namespace gluesweep::output
