#pragma once

#include <ATen/ATen.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>

#include "gluesweep/sweep/parameter_space.hpp"
#include "gluesweep/training/result.hpp"

/// The loop every rank runs: take a block, train it, store it, report it. It knows neither MPI nor HDF5.
namespace gluesweep::sweep {

/// A run of consecutive samples: the unit of work and of checkpointing.
struct Block {
  std::int64_t index = 0;
  std::int64_t first = 0;  ///< sample id of its first row
  std::int64_t count = 0;
};

/// How many blocks of at most `block_size` samples there are, and one of them (the last may be shorter).
std::int64_t block_count(std::int64_t samples, std::int64_t block_size);
Block block_at(std::int64_t index, std::int64_t samples, std::int64_t block_size);

/// What became of a number of points.
struct Tally {
  std::array<std::int64_t, training::status_table.size()> count{};  ///< by Status
  double worst_error = 0.0;  ///< largest error estimate among the converged; 0 if there is none

  std::int64_t of(training::Status status) const { return count[static_cast<std::size_t>(status)]; }
  std::int64_t done() const;    ///< everything but pending
  std::int64_t failed() const;  ///< done, yet neither converged nor matching_only
  Tally& operator+=(const Tally& other);
};

Tally tally_of(const training::BlockResult& result);

/// What one rank did of a sweep, and how it spent its time.
struct Summary {
  Tally tally;  ///< of what was stored
  std::int64_t blocks = 0;
  double busy_seconds = 0.0;     ///< training
  double write_seconds = 0.0;    ///< in the sink
  double open_seconds = 0.0;     ///< creating or opening the sink, and closing it
  double wait_seconds = 0.0;     ///< until a block was handed out
  double tail_seconds = 0.0;     ///< from its last block until all ranks had done theirs
  double longest_seconds = 0.0;  ///< of a block
};

class BlockSource {
 public:
  virtual ~BlockSource() = default;
  virtual std::optional<Block> next() = 0;  ///< nothing when the sweep is over or was stopped
};

class ResultSink {
 public:
  virtual ~ResultSink() = default;
  /// swept: (block.count, s) float64, the varied parameters in the order of ParameterSpace::swept_names().
  /// What it stored: of a block that was partly done before, the rest.
  virtual Tally write(const Block& block, const at::Tensor& swept, const training::BlockResult& result) = 0;
};

class ProgressListener {
 public:
  virtual ~ProgressListener() = default;
  virtual void block_done(const Block& block, const Tally& tally) = 0;  ///< after it was stored
};

/// (B, p) parameters of a block, one column per problem parameter, to results; see training::Trainer::train.
using Train = std::function<training::BlockResult(const at::Tensor& parameters, const Block& block)>;

/// Runs until `source` has no more blocks. Exceptions of the parts pass through: the block is then not
/// stored. tail_seconds and open_seconds are left to who knows of the other ranks and of the sink's file.
Summary run_sweep(const ParameterSpace& space, BlockSource& source, const Train& train, ResultSink& sink,
                  ProgressListener& progress);

}  // namespace gluesweep::sweep
