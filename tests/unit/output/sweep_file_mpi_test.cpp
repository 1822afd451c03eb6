#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "gluesweep/job/error.hpp"
#include "gluesweep/output/sweep_file.hpp"
#include "gluesweep/output/sweep_reader.hpp"
#include "gluesweep/parallel/block_counter.hpp"
#include "synthetic.hpp"

namespace gluesweep::output {
namespace {

using parallel::BlockCounter;
using parallel::Communicator;

struct Silent final : sweep::ProgressListener {
  void block_done(const sweep::Block& /*block*/, const sweep::Tally& /*tally*/) override {}
};

/// Of all ranks.
struct Totals {
  std::int64_t points = 0, blocks = 0;
};

/// Writes a whole sweep, as every rank of a run does.
Totals write_sweep(const Communicator& communicator, const std::string& path, const job::Job& job) {
  const sweep::ParameterSpace space(job);
  SweepFile file = SweepFile::create(communicator, path, job, space, sweep::Share::all(space.size()),
                                     synthetic::make_network(), synthetic::make_provenance());
  BlockCounter counter(communicator, {sweep::Share::all(space.size()), job.run.block});
  Silent silent;
  const auto summary = sweep::run_sweep(space, counter, synthetic::train, file, silent);
  file.close();
  const std::vector<std::int64_t> sums =
      communicator.sum(std::vector<std::int64_t>{summary.tally.done(), summary.blocks});
  return {sums[0], sums[1]};
}

bool same_bits(const at::Tensor& left, const at::Tensor& right) {
  return left.sizes() == right.sizes() && std::memcmp(left.data_ptr(), right.data_ptr(), left.nbytes()) == 0;
}

/// The same directory on every rank, removed by rank 0 at the end.
class SweepFileMpi : public testing::Test {
 protected:
  SweepFileMpi() {
    if (world_.rank() == 0) {
      directory_ = std::make_unique<synthetic::TemporaryDirectory>("mpi-test-" + std::to_string(::getpid()));
    }
    path_ = world_.broadcast(world_.rank() == 0 ? directory_->file("sweep.h5") : "");
  }
  ~SweepFileMpi() override { world_.barrier(); }

  Communicator world_ = Communicator::world();
  std::unique_ptr<synthetic::TemporaryDirectory> directory_;
  std::string path_;
};

TEST_F(SweepFileMpi, HoldsTheSameBitsAsASerialOne) {
  const auto job = synthetic::make_job(1003, 16);
  const auto summary = write_sweep(world_, path_, job);
  EXPECT_EQ(summary.points, 1003);
  EXPECT_EQ(summary.blocks, 63);
  if (world_.rank() != 0) return;

  const std::string serial = directory_->file("serial.h5");
  write_sweep(Communicator(), serial, job);
  const SweepReader parallel_reader(path_), serial_reader(serial);
  EXPECT_EQ(parallel_reader.integer("mpi_size"), world_.size());
  EXPECT_EQ(parallel_reader.tally().count, serial_reader.tally().count);
  EXPECT_EQ(parallel_reader.tally().of(training::Status::pending), 0);
  for (const Variable& variable :
       make_layout(job, sweep::Share::all(1003), synthetic::make_network()).variables) {
    const std::string name = (variable.group == Group::network ? "network/" : "") + variable.name;
    EXPECT_TRUE(same_bits(parallel_reader.values(name), serial_reader.values(name))) << name;
  }
}

TEST_F(SweepFileMpi, AnErrorOfCreationReachesEveryRank) {
  const auto job = synthetic::make_job(100, 16);
  write_sweep(world_, path_, job);
  EXPECT_THROW(write_sweep(world_, path_, job), job::InputError);
  EXPECT_THROW(write_sweep(world_, path_ + "/none/sweep.h5", job), job::InputError);
}

TEST_F(SweepFileMpi, AnotherNumberOfRanksGoesOn) {
  const auto job = synthetic::make_job(100, 16);
  const sweep::ParameterSpace space(job);
  const auto network = synthetic::make_network();
  const auto all = sweep::Share::all(100);
  auto other = synthetic::make_provenance();
  other.job_hash = "other";
  if (world_.rank() == 0) {
    SweepFile::create({}, path_, job, space, sweep::Share::all(space.size()), network,
                      synthetic::make_provenance())
        .close();
  }
  world_.barrier();
  EXPECT_THROW(SweepFile::open(world_, path_, job, all, network, other), job::InputError);
  {
    SweepFile file = SweepFile::open(world_, path_, job, all, network, synthetic::make_provenance());
    BlockCounter counter(world_, {sweep::Share::all(100), 16});
    Silent silent;
    sweep::run_sweep(space, counter, synthetic::train, file, silent);
    file.close();
  }
  if (world_.rank() == 0) {
    EXPECT_EQ(SweepReader(path_).tally().done(), 100);
  }
}

// The two below serve sweep_file_test.py, which looks at the files from outside.

TEST_F(SweepFileMpi, WritesAnExample) {
  const char* path = std::getenv("GLUESWEEP_EXAMPLE_FILE");
  if (path == nullptr) GTEST_SKIP() << "GLUESWEEP_EXAMPLE_FILE is not set";
  const auto job = synthetic::make_job(100, 16);
  const sweep::ParameterSpace space(job);
  SweepFile file = SweepFile::create(world_, path, job, space, sweep::Share::all(space.size()),
                                     synthetic::make_network(), synthetic::make_provenance());
  BlockCounter counter(world_, {sweep::Share::all(90), 16});  // the last ten samples stay pending
  Silent silent;
  sweep::run_sweep(space, counter, synthetic::train, file, silent);
  file.close();
}

TEST_F(SweepFileMpi, WritesUntilKilled) {
  const char* path = std::getenv("GLUESWEEP_ENDLESS_FILE");
  if (path == nullptr) GTEST_SKIP() << "GLUESWEEP_ENDLESS_FILE is not set";
  const auto job = synthetic::make_job(12000, 16);
  write_sweep(world_, path, job);
  std::this_thread::sleep_for(std::chrono::minutes(1));
}

}  // namespace
}  // namespace gluesweep::output
