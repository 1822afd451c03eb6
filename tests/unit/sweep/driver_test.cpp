#include "gluesweep/sweep/driver.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

namespace gluesweep::sweep {
namespace {

using training::Status;

training::BlockResult make_result(const std::vector<Status>& statuses, const std::vector<double>& errors) {
  std::vector<std::uint8_t> codes;
  for (const Status status : statuses) codes.push_back(static_cast<std::uint8_t>(status));
  training::BlockResult result;
  result.status = at::tensor(codes, at::kByte);
  result.error_estimate = at::tensor(errors, at::kDouble);
  return result;
}

TEST(Blocks, CoverEverySampleOnce) {
  for (const std::int64_t samples : {1, 7, 8, 9, 100}) {
    std::int64_t next = 0;
    for (std::int64_t i = 0; i < block_count(samples, 8); ++i) {
      const Block block = block_at(i, samples, 8);
      EXPECT_EQ(block.index, i);
      EXPECT_EQ(block.first, next);
      EXPECT_GT(block.count, 0);
      next += block.count;
    }
    EXPECT_EQ(next, samples);
  }
}

TEST(Tally, CountsByStatusAndKeepsTheWorstConvergedError) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Tally tally = tally_of(make_result(
      {Status::converged, Status::converged, Status::not_converged, Status::pending}, {1e-9, nan, 1.0, nan}));
  EXPECT_EQ(tally.done(), 3);
  EXPECT_EQ(tally.failed(), 1);
  EXPECT_EQ(tally.of(Status::converged), 2);
  EXPECT_EQ(tally.worst_error, 1e-9);

  tally += tally_of(
      make_result({Status::matching_only, Status::degenerate_patch, Status::converged}, {nan, nan, 1e-8}));
  EXPECT_EQ(tally.done(), 6);
  EXPECT_EQ(tally.failed(), 2);
  EXPECT_EQ(tally.worst_error, 1e-8);
}

TEST(Tally, RefusesAnUnknownStatus) {
  auto result = make_result({Status::converged}, {0.0});
  result.status.fill_(200);
  EXPECT_THROW(tally_of(result), std::logic_error);
}

class Sequence final : public BlockSource {
 public:
  Sequence(std::int64_t samples, std::int64_t size) : samples_(samples), size_(size) {}
  std::optional<Block> next() override {
    if (index_ == block_count(samples_, size_)) return std::nullopt;
    return block_at(index_++, samples_, size_);
  }

 private:
  std::int64_t samples_, size_, index_ = 0;
};

struct Recorder final : public ResultSink, public ProgressListener {
  Tally write(const Block& block, const at::Tensor& swept, const training::BlockResult& result) override {
    EXPECT_EQ(swept.size(0), block.count);
    EXPECT_TRUE(at::equal(swept.select(1, 0), result.error_estimate));
    written.push_back(block.first);
    return tally_of(result);
  }
  void block_done(const Block& block, const Tally& tally) override {
    EXPECT_EQ(written.back(), block.first) << "reported before it was stored";
    reported += tally.done();
  }
  std::vector<std::int64_t> written;
  std::int64_t reported = 0;
};

job::Job make_job() {
  job::Job job;
  job.problem.parameters.resize(1);
  job.problem.parameters[0].name = "a";
  job.sweep.sampler = job::Sampler::random;
  job.sweep.samples = 21;
  job::SweptParameter a;
  a.name = "a";
  a.kind = job::SweptParameter::Kind::range;
  a.high = 1.0;
  job.sweep.parameters = {a};
  return job;
}

TEST(RunSweep, TrainsStoresAndReportsEveryBlock) {
  const ParameterSpace space(make_job());
  Sequence source(space.size(), 8);
  Recorder recorder;
  const Train train = [](const at::Tensor& parameters, const Block& block) {
    EXPECT_EQ(parameters.size(0), block.count);
    training::BlockResult result;
    result.error_estimate = parameters.select(1, 0).clone();
    result.status = at::full({parameters.size(0)}, 1, at::kByte);
    return result;
  };
  const Summary summary = run_sweep(space, source, train, recorder, recorder);
  EXPECT_EQ(recorder.written, (std::vector<std::int64_t>{0, 8, 16}));
  EXPECT_EQ(recorder.reported, 21);
  EXPECT_EQ(summary.blocks, 3);
  EXPECT_EQ(summary.tally.of(Status::converged), 21);
  EXPECT_EQ(summary.tally.worst_error, space.block(0, 21).max().item<double>());
  EXPECT_GE(summary.busy_seconds, 0.0);
}

TEST(RunSweep, AnExceptionLeavesTheBlockUnwritten) {
  const ParameterSpace space(make_job());
  Sequence source(space.size(), 8);
  Recorder recorder;
  const Train train = [](const at::Tensor&, const Block&) -> training::BlockResult {
    throw std::runtime_error("out of memory");
  };
  EXPECT_THROW(run_sweep(space, source, train, recorder, recorder), std::runtime_error);
  EXPECT_TRUE(recorder.written.empty());
}

}  // namespace
}  // namespace gluesweep::sweep
