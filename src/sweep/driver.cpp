#include "gluesweep/sweep/driver.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>

namespace gluesweep::sweep {
namespace {

using training::Status;

class Stopwatch {
 public:
  /// Seconds since the last call or the construction.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace

std::int64_t block_count(std::int64_t samples, std::int64_t block_size) {
  return samples / block_size + (samples % block_size != 0 ? 1 : 0);
}

Block block_at(std::int64_t index, std::int64_t samples, std::int64_t block_size) {
  const std::int64_t first = index * block_size;
  return {index, first, std::min(block_size, samples - first)};
}

std::int64_t Tally::done() const {
  std::int64_t sum = 0;
  for (const std::int64_t points : count) sum += points;
  return sum - of(Status::pending);
}

std::int64_t Tally::failed() const { return done() - of(Status::converged) - of(Status::matching_only); }

Tally& Tally::operator+=(const Tally& other) {
  for (std::size_t i = 0; i < count.size(); ++i) count[i] += other.count[i];
  worst_error = std::max(worst_error, other.worst_error);
  return *this;
}

Tally tally_of(const training::BlockResult& result) {
  const at::Tensor status = result.status.contiguous();
  const at::Tensor error = result.error_estimate.contiguous();
  const auto* states = status.data_ptr<std::uint8_t>();
  const auto* errors = error.data_ptr<double>();
  Tally tally;
  for (std::int64_t i = 0; i < status.numel(); ++i) {
    if (states[i] >= tally.count.size()) {
      throw std::logic_error("training returned the unknown status " + std::to_string(states[i]));
    }
    ++tally.count[states[i]];
    // An estimate that was not asked for is NaN, which compares false.
    if (states[i] == static_cast<std::uint8_t>(Status::converged) && errors[i] > tally.worst_error) {
      tally.worst_error = errors[i];
    }
  }
  return tally;
}

Summary run_sweep(const ParameterSpace& space, BlockSource& source, const Train& train, ResultSink& sink,
                  ProgressListener& progress) {
  Summary summary;
  Stopwatch watch;
  while (const auto block = source.next()) {
    summary.wait_seconds += watch.lap();
    const at::Tensor parameters = space.block(block->first, block->count);
    const training::BlockResult result = train(parameters, *block);
    const double seconds = watch.lap();
    summary.busy_seconds += seconds;
    summary.longest_seconds = std::max(summary.longest_seconds, seconds);
    const Tally stored = sink.write(*block, space.swept(parameters), result);
    summary.write_seconds += watch.lap();
    summary.tally += stored;
    ++summary.blocks;
    progress.block_done(*block, stored);
  }
  summary.wait_seconds += watch.lap();
  return summary;
}

}  // namespace gluesweep::sweep
