#pragma once

#include <mpi.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "gluesweep/parallel/communicator.hpp"
#include "gluesweep/sweep/driver.hpp"
#include "gluesweep/sweep/schedule.hpp"

namespace gluesweep::parallel {

/// Why a sweep ends before its last block: the number of a signal, or one of these.
struct StopReason {
  static constexpr int none = 0;
  static constexpr int time_limit = 1000;
};

/// Hands the blocks of a schedule out to all ranks, one by one, in order, and adds up what became of them.
/// All of it lives in a few integers on rank 0 that every rank changes by one-sided atomic operations: no
/// rank is reserved for it. Construction and destruction are collective; everything else is not.
///
/// With shared memory or a network that has remote atomics the operations do not need rank 0's attention; see
/// block_counter.cpp for what was measured, and parallel/attention.hpp for the networks that have none.
class BlockCounter final : public sweep::BlockSource {
 public:
  /// `stop_request` is asked before each block; once it gives a StopReason other than none on any rank,
  /// nobody gets a further block. The schedule must be the same on all ranks.
  BlockCounter(const Communicator& communicator, sweep::Schedule schedule,
               std::function<int()> stop_request = {});
  ~BlockCounter() override;
  BlockCounter(const BlockCounter&) = delete;
  BlockCounter& operator=(const BlockCounter&) = delete;

  std::optional<sweep::Block> next() override;

  /// No rank is given a block any more; those at work finish theirs.
  void stop(int reason);
  /// The reason, on every rank, once any rank stopped; the largest where several did.
  int stopped() const;

  /// Adds a block's outcome to the totals of all ranks, at once or within half a second, at the latest when
  /// next() finds no more blocks.
  void add(const sweep::Tally& tally);
  sweep::Tally totals() const;  ///< of what was sent so far, and all of this rank's

 private:
  enum class Operation { add, maximum, read };
  std::int64_t change(std::size_t slot, std::int64_t value, Operation operation) const;
  void send_totals();

  Communicator communicator_;
  sweep::Schedule schedule_;
  std::function<int()> stop_request_;
  bool stopped_here_ = false;
  sweep::Tally unsent_;
  std::chrono::steady_clock::time_point sent_;
  MPI_Win window_ = MPI_WIN_NULL;
  mutable std::vector<std::int64_t> local_;  // the slots themselves, without MPI
};

}  // namespace gluesweep::parallel
