#include "gluesweep/output/sweep_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <functional>

#include "gluesweep/job/error.hpp"
#include "gluesweep/output/hdf5.hpp"
#include "gluesweep/output/sweep_reader.hpp"
#include "synthetic.hpp"

/// The file without MPI: a null communicator writes it serially.
namespace gluesweep::output {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using training::Status;

class SweepFileTest : public testing::Test {
 protected:
  SweepFileTest() : directory_("sweep-file-test-" + std::to_string(::getpid())) {}

  SweepFile create(const Provenance& provenance = synthetic::make_provenance()) {
    return SweepFile::create({}, path_, job_, sweep::ParameterSpace(job_), all_, synthetic::make_network(),
                             provenance);
  }

  void write(SweepFile& file, const sweep::Block& block) {
    const sweep::ParameterSpace space(job_);
    const at::Tensor parameters = space.block(block.first, block.count);
    file.write(block, space.swept(parameters), synthetic::train(parameters));
  }

  template <class Action>
  std::string input_error(const Action& action) {
    try {
      action();
    } catch (const job::InputError& error) {
      return error.what();
    }
    return "no error";
  }

  synthetic::TemporaryDirectory directory_;
  std::string path_ = directory_.file("sweep.h5");
  job::Job job_ = synthetic::make_job(100, 16);
  sweep::Share all_ = sweep::Share::all(100);
};

TEST_F(SweepFileTest, AFreshFileIsCompleteButPending) {
  create().close();
  const SweepReader reader(path_);
  EXPECT_EQ(reader.samples(), 100);
  EXPECT_EQ(reader.tally().of(Status::pending), 100);
  EXPECT_TRUE(reader.rows("phi", 0, 100).isnan().all().item<bool>());
  EXPECT_TRUE(reader.rows("network/head", 0, 100).isnan().all().item<bool>());
  // What is known beforehand is there: ids, places, parameters, hidden layers.
  EXPECT_TRUE(at::equal(reader.values("sample"), at::arange(100, at::kDouble)));
  EXPECT_TRUE(at::equal(reader.values("t"), at::tensor(job_.output_points(), at::kDouble)));
  EXPECT_TRUE(at::equal(reader.rows("g", 3, 50), sweep::ParameterSpace(job_).block(3, 50).select(1, 1)));
  const auto arrays = reader.trunk_arrays();
  const auto expected = synthetic::make_network().trunk;
  ASSERT_EQ(arrays.size(), expected.size());
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    EXPECT_EQ(arrays[i].first, expected[i].first);
    EXPECT_TRUE(at::equal(arrays[i].second, expected[i].second));
  }
  // Nothing but the file itself is left in its directory.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.path()), {}), 1);
}

TEST_F(SweepFileTest, RowsArriveWhereTheyBelong) {
  SweepFile file = create();
  write(file, sweep::block_at(6, 100, 16));  // the last one, of 4 samples
  write(file, sweep::block_at(1, 100, 16));
  // Readable while it is being written, as another process would see it.
  file.close();

  const SweepReader reader(path_);
  const auto tally = reader.tally();
  EXPECT_EQ(tally.done(), 20);
  EXPECT_EQ(tally.of(Status::pending), 80);
  const auto expected = synthetic::train(sweep::ParameterSpace(job_).block(16, 16));
  EXPECT_TRUE(at::equal(reader.rows("phi_t", 16, 16), expected.solution[1]));
  EXPECT_TRUE(at::equal(reader.rows("n_matching", 16, 16), expected.matching[1]));
  EXPECT_TRUE(at::equal(reader.rows("oscillating_c2", 16, 16), expected.coefficients[4]));
  EXPECT_TRUE(at::equal(reader.rows("frozen_c3_limit", 16, 16), expected.limits[2]));
  EXPECT_TRUE(at::equal(reader.rows("network/map", 16, 16), expected.map));
  EXPECT_TRUE(at::equal(reader.rows("status", 16, 16), expected.status.to(at::kDouble)));
  EXPECT_TRUE(reader.rows("phi_t", 0, 16).isnan().all().item<bool>());
  EXPECT_FALSE(reader.rows("phi_t", 96, 4).isnan().any().item<bool>());
}

TEST_F(SweepFileTest, HoldsItsProvenance) {
  auto provenance = synthetic::make_provenance();
  while (provenance.resolved_job.size() < 200000) provenance.resolved_job += "# another line of the job\n";
  create(provenance).close();
  const SweepReader reader(path_);
  EXPECT_EQ(reader.text("job"), provenance.resolved_job);
  EXPECT_EQ(reader.text("job_hash"), "0123456789abcdef");
  EXPECT_EQ(reader.text("git_commit"), "abcdef0");
  EXPECT_EQ(reader.text("gluesweep_version"), "0.1.0");
  EXPECT_EQ(reader.text("description"), job_.problem.description);
  EXPECT_THAT(reader.text("created"), testing::MatchesRegex("20[0-9-]+T[0-9:]+Z"));
  EXPECT_FALSE(reader.text("mpi_version").empty());
  EXPECT_EQ(reader.integer("format_version"), 1);
  EXPECT_EQ(reader.integer("mpi_size"), 1);
  EXPECT_EQ(reader.swept_names(), (std::vector<std::string>{"m", "g"}));
  EXPECT_EQ(reader.unit("phi_t"), "GeV/s");
  EXPECT_EQ(reader.long_name("m"), "mass");
  EXPECT_TRUE(reader.has("phi"));
  EXPECT_FALSE(reader.has("psi"));
}

TEST_F(SweepFileTest, ExpectedSizeIsRight) {
  for (const auto& [samples, block] : {std::pair<int, int>{100, 16}, {5000, 128}, {3000, 1}}) {
    job_ = synthetic::make_job(samples, block);
    all_ = sweep::Share::all(samples);
    create().close();
    const auto expected = static_cast<double>(
        expected_bytes(make_layout(job_, sweep::Share::all(samples), synthetic::make_network())));
    const auto actual = static_cast<double>(std::filesystem::file_size(path_));
    EXPECT_NEAR(expected, actual, 0.05 * actual + 60000) << samples << " " << block;
    std::filesystem::remove(path_);
  }
}

TEST_F(SweepFileTest, NeverOverwrites) {
  std::ofstream(path_) << "precious";
  EXPECT_THAT(input_error([&] { create(); }),
              AllOf(HasSubstr(path_ + " exists already"), HasSubstr("choose another name with -o")));
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(SweepFileTest, ChecksItsDirectory) {
  EXPECT_THAT(input_error([&] { check_target(directory_.file("none/sweep.h5"), 1); }),
              AllOf(HasSubstr("there is no directory"), HasSubstr("mkdir -p")));
  EXPECT_THAT(input_error([&] { check_target(directory_.path().string() + "/", 1); }),
              HasSubstr("is not a file name"));
  EXPECT_THAT(input_error([&] { check_target("", 1); }), HasSubstr("is not a file name"));
  EXPECT_THAT(input_error([&] { check_target(path_, std::int64_t{1} << 60); }),
              AllOf(HasSubstr("will need 1152921504607 MB"), HasSubstr("left: choose another directory")));
  EXPECT_EQ(input_error([&] { check_target(path_, 1); }), "no error");
  EXPECT_EQ(input_error([&] { check_target("relative.h5", 1); }), "no error");
}

TEST_F(SweepFileTest, ChecksThatTheDirectoryIsWritable) {
  if (::geteuid() == 0) GTEST_SKIP() << "the super-user may write anywhere";
  ::chmod(directory_.path().c_str(), 0500);
  EXPECT_THAT(input_error([&] { check_target(path_, 1); }), HasSubstr("is not writable"));
  ::chmod(directory_.path().c_str(), 0700);
}

TEST_F(SweepFileTest, GoesOnWithTheSameJobOnly) {
  {
    SweepFile file = create();
    write(file, sweep::block_at(0, 100, 16));
    file.close();
  }
  const auto open = [&](const std::string& hash, const std::string& samples = "7") {
    auto provenance = synthetic::make_provenance();
    provenance.job_hash = hash;
    provenance.resolved_job = "problem: oscillator\nsweep: {samples: " + samples + "}\n";
    return SweepFile::open({}, path_, job_, all_, synthetic::make_network(), provenance);
  };
  {
    SweepFile file = open("0123456789abcdef");
    write(file, sweep::block_at(1, 100, 16));
    file.close();
  }
  EXPECT_EQ(SweepReader(path_).tally().done(), 32);
  EXPECT_THAT(
      input_error([&] { open("ffff", "8"); }),
      AllOf(HasSubstr("holds the results of another job (its hash is 0123456789abcdef, this job's is ffff)"),
            HasSubstr("sweep.samples: 7 in the file, 8 in this job"),
            HasSubstr("choose another name with -o")));
  EXPECT_THAT(
      input_error([&] { open("0123456789abcdef", "8"); }),
      HasSubstr(
          "is damaged: its attribute job is not the job that its job_hash names (sweep.samples differs)"));
  all_ = {16, 84, 100};
  EXPECT_THAT(input_error([&] { open("0123456789abcdef"); }),
              AllOf(HasSubstr("another part of this scan: samples 0 to 99, not samples 16 to 99"),
                    HasSubstr("--part")));
  all_ = sweep::Share::all(100);
  job_.output.points = 18;
  EXPECT_THROW(open("0123456789abcdef"), FileError);
}

TEST_F(SweepFileTest, APartHoldsItsOwnSamples) {
  all_ = {32, 48, 100};
  {
    SweepFile file = create();
    write(file, sweep::block_at(3, 100, 16));
    file.close();
  }
  const SweepReader reader(path_);
  EXPECT_EQ(reader.samples(), 48);
  EXPECT_EQ(reader.share().first, 32);
  EXPECT_EQ(reader.share().scan, 100);
  EXPECT_TRUE(at::equal(reader.values("sample"), at::arange(32, 80, at::kDouble)));
  const sweep::ParameterSpace space(job_);
  EXPECT_TRUE(at::equal(reader.values("g"), space.block(32, 48).select(1, 1)));
  const auto expected = synthetic::train(space.block(48, 16));
  EXPECT_TRUE(at::equal(reader.rows("phi_t", 16, 16), expected.solution[1]));
  EXPECT_TRUE(reader.rows("phi_t", 0, 16).isnan().all().item<bool>());
  EXPECT_TRUE(reader.rows("phi_t", 32, 16).isnan().all().item<bool>());
}

TEST_F(SweepFileTest, RowsThatAreDoneAreLeftAlone) {
  {
    SweepFile file = create();
    write(file, sweep::block_at(0, 100, 16));
    file.close();
  }
  const auto before = SweepReader(path_).rows("phi", 0, 16);
  const auto status = SweepReader(path_).rows("status", 0, 16);
  const auto failed = training::is_failed(status);
  ASSERT_GT(failed.sum().item<std::int64_t>(), 0);
  {
    SweepFile file =
        SweepFile::open({}, path_, job_, all_, synthetic::make_network(), synthetic::make_provenance());
    EXPECT_EQ(file.forget_failed(), failed.sum().item<std::int64_t>());
    const sweep::ParameterSpace space(job_);
    auto result = synthetic::train(space.block(0, 16));
    result.solution += 1.0;
    result.status.fill_(1);
    file.write(sweep::block_at(0, 100, 16), space.swept(space.block(0, 16)), result);
    file.close();
  }
  const SweepReader reader(path_);
  EXPECT_TRUE((reader.rows("status", 0, 16) == 1).all().item<bool>());
  EXPECT_TRUE(at::equal(reader.rows("phi", 0, 16), before + failed.unsqueeze(1).to(at::kDouble)));
}

TEST_F(SweepFileTest, StatusesWaitForTheDisk) {
  job_.run.sync = 1000.0;
  SweepFile file = create();
  write(file, sweep::block_at(0, 100, 16));
  // A serial writer locks the file against readers: look at a copy.
  const std::string copy = directory_.file("copy.h5");
  std::filesystem::copy_file(path_, copy);
  EXPECT_EQ(SweepReader(copy).tally().done(), 0);
  EXPECT_FALSE(SweepReader(copy).rows("phi", 0, 16).isnan().any().item<bool>());
  file.close();
  EXPECT_EQ(SweepReader(path_).tally().done(), 16);
}

TEST_F(SweepFileTest, NoticesThatItsFileIsGone) {
  const auto lost = [&](const std::function<void()>& harm) {
    std::filesystem::remove(path_);
    SweepFile file = create();
    harm();
    try {
      file.close();
    } catch (const FileError& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_THAT(lost([&] { std::filesystem::remove(path_); }), HasSubstr("was removed while"));
  EXPECT_THAT(lost([&] { std::filesystem::resize_file(path_, 5000); }), HasSubstr("was truncated while"));
  EXPECT_THAT(lost([&] {
                std::filesystem::rename(path_, path_ + ".old");
                std::ofstream(path_) << "other";
              }),
              HasSubstr("was replaced by another file"));
  EXPECT_EQ(lost([] {}), "nothing");
}

TEST_F(SweepFileTest, TheReaderRefusesOtherFiles) {
  EXPECT_THAT(input_error([&] { SweepReader reader(path_); }), HasSubstr("there is no such file"));
  std::ofstream(path_) << "text";
  EXPECT_THAT(input_error([&] { SweepReader reader(path_); }), HasSubstr("it is not an HDF5 file"));
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  EXPECT_THAT(input_error([&] { SweepReader reader(folder); }), HasSubstr("it is a directory"));
  const std::string other = directory_.file("other.h5");
  H5Fclose(H5Fcreate(other.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  EXPECT_THAT(input_error([&] { SweepReader reader(other); }),
              HasSubstr("lacks the attributes format_version"));
  const Handle file(H5Fopen(other.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
  write_attribute(file.get(), "format_version", std::int64_t{99}, other);
  write_attribute(file.get(), "job_hash", "x", other);
  EXPECT_THAT(
      input_error([&] { SweepReader reader(other); }),
      AllOf(HasSubstr("its format version is 99, this program reads version 1"), HasSubstr("`source`")));
}

TEST_F(SweepFileTest, RowsOutsideAreRefused) {
  create().close();
  const SweepReader reader(path_);
  EXPECT_THROW(reader.rows("phi", 90, 11), std::out_of_range);
  EXPECT_THAT(input_error([&] { reader.rows("t", 0, 5); }), HasSubstr("sample and t differ in length"));
  EXPECT_THAT(input_error([&] { reader.rows("none", 0, 5); }), HasSubstr("could not open the variable none"));
  EXPECT_THAT(input_error([&] { reader.column("phi", 0, 5); }), HasSubstr("more than one number a sample"));
}

}  // namespace
}  // namespace gluesweep::output
