#pragma once

#include <mpi.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "gluesweep/parallel/communicator.hpp"
#include "gluesweep/sweep/driver.hpp"

namespace gluesweep::parallel {

/// Hands the blocks of a sweep out to all ranks, one by one, in order, and adds up what became of them. All
/// of it lives in eight integers on rank 0 that every rank changes by one-sided atomic operations: no rank is
/// reserved for it. Construction and destruction are collective; everything else is not.
///
/// With shared memory or a network that has remote atomics the operations do not need rank 0's attention; see
/// block_counter.cpp for what was measured, and for what to set where they do.
class BlockCounter final : public sweep::BlockSource {
 public:
  /// `stop_requested` is asked before each block; once it says true on any rank, nobody gets a further block.
  BlockCounter(const Communicator& communicator, std::int64_t samples, std::int64_t block_size,
               std::function<bool()> stop_requested = {});
  ~BlockCounter() override;
  BlockCounter(const BlockCounter&) = delete;
  BlockCounter& operator=(const BlockCounter&) = delete;

  std::optional<sweep::Block> next() override;

  /// No rank is given a block any more; those at work finish theirs.
  void stop();
  bool stopped() const;

  /// Adds a block's outcome to the totals of all ranks; the totals so far.
  void add(const sweep::Tally& tally);
  sweep::Tally totals() const;

 private:
  enum class Operation { add, maximum, read };
  std::int64_t change(std::size_t slot, std::int64_t value, Operation operation) const;

  Communicator communicator_;
  std::int64_t samples_, block_size_;
  std::function<bool()> stop_requested_;
  bool stopped_here_ = false;
  MPI_Win window_ = MPI_WIN_NULL;
  mutable std::vector<std::int64_t> local_;  // the slots themselves, without MPI
};

/// The sum of all ranks' summaries (seconds too), on every rank. Collective.
sweep::Summary total(const Communicator& communicator, const sweep::Summary& summary);

}  // namespace gluesweep::parallel
