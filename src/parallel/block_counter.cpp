#include "gluesweep/parallel/block_counter.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

namespace gluesweep::parallel {
namespace {

// Does a fetch wait until rank 0, busy training, enters MPI again? Measured with three ranks, rank 0
// computing for 2 s without a call into MPI (Open MPI 4.1.4; passive target, lock_all and flush):
//   one node, shared memory (osc/sm, what MPI_Win_allocate selects there by itself)   0.1 us, worst 5 us: no
//   one node, osc/rdma over shared memory                                            4 us, worst 50 us: no
//   plain TCP, as between nodes without another network (osc/pt2pt)                  worst 2 s: yes
// In the last case a rank waits for the rest of rank 0's block at most, which idle_seconds shows; networks
// with remote atomics (osc/ucx, osc/rdma) do not have it.

// Slots of the window: the next block's index, the points by status, the worst error.
constexpr std::size_t next_block = 0;
constexpr std::size_t first_status = 1;
constexpr std::size_t worst_error = first_status + training::status_table.size();
constexpr std::size_t slots = worst_error + 1;

// Stopping adds this to the next block's index. It is added, not put, because MPI only promises atomicity
// between equal operations on one address (MPI 3.1, section 11.3, accumulate_ops). Larger than any number of
// blocks, and 2^18 ranks may add it without overflow.
constexpr std::int64_t stop_offset = std::int64_t{1} << 44;

/// Non-negative doubles are ordered like their bit patterns, so that an integer maximum serves them.
std::int64_t bits_of(double value) {
  std::int64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

double double_of(std::int64_t bits) {
  double value = 0.0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace

BlockCounter::BlockCounter(const Communicator& communicator, std::int64_t samples, std::int64_t block_size,
                           std::function<bool()> stop_requested)
    : communicator_(communicator),
      samples_(samples),
      block_size_(block_size),
      stop_requested_(std::move(stop_requested)) {
  if (communicator_.is_null()) {
    local_.assign(slots, 0);
    return;
  }
  const MPI_Aint bytes = communicator_.rank() == 0 ? static_cast<MPI_Aint>(slots * sizeof(std::int64_t)) : 0;
  std::int64_t* base = nullptr;
  MPI_Win_allocate(bytes, sizeof(std::int64_t), MPI_INFO_NULL, communicator_.handle(), &base, &window_);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, window_);
  if (communicator_.rank() == 0) {
    std::fill_n(base, slots, 0);
    MPI_Win_sync(window_);
  }
  communicator_.barrier();
}

BlockCounter::~BlockCounter() {
  // Freeing is collective; during an exception the other ranks do not come, and the program ends by
  // MPI_Abort.
  if (window_ == MPI_WIN_NULL || std::uncaught_exceptions() > 0) return;
  MPI_Win_unlock_all(window_);
  MPI_Win_free(&window_);
}

std::int64_t BlockCounter::change(std::size_t slot, std::int64_t value, Operation operation) const {
  std::int64_t before = 0;
  if (communicator_.is_null()) {
    before = local_[slot];
    if (operation == Operation::add) local_[slot] += value;
    if (operation == Operation::maximum) local_[slot] = std::max(local_[slot], value);
    return before;
  }
  const MPI_Op op = operation == Operation::add       ? MPI_SUM
                    : operation == Operation::maximum ? MPI_MAX
                                                      : MPI_NO_OP;
  MPI_Fetch_and_op(&value, &before, MPI_INT64_T, 0, static_cast<MPI_Aint>(slot), op, window_);
  MPI_Win_flush(0, window_);
  return before;
}

std::optional<sweep::Block> BlockCounter::next() {
  if (!stopped_here_ && stop_requested_ && stop_requested_()) stop();
  const std::int64_t index = change(next_block, 1, Operation::add);
  if (index >= sweep::block_count(samples_, block_size_)) return std::nullopt;
  return sweep::block_at(index, samples_, block_size_);
}

void BlockCounter::stop() {
  if (!stopped_here_) change(next_block, stop_offset, Operation::add);
  stopped_here_ = true;
}

bool BlockCounter::stopped() const { return change(next_block, 0, Operation::read) >= stop_offset; }

void BlockCounter::add(const sweep::Tally& tally) {
  for (std::size_t i = 0; i < tally.count.size(); ++i) {
    if (tally.count[i] != 0) change(first_status + i, tally.count[i], Operation::add);
  }
  if (tally.worst_error > 0.0) change(worst_error, bits_of(tally.worst_error), Operation::maximum);
}

sweep::Tally BlockCounter::totals() const {
  sweep::Tally tally;
  for (std::size_t i = 0; i < tally.count.size(); ++i)
    tally.count[i] = change(first_status + i, 0, Operation::read);
  tally.worst_error = double_of(change(worst_error, 0, Operation::read));
  return tally;
}

sweep::Summary total(const Communicator& communicator, const sweep::Summary& summary) {
  std::vector<std::int64_t> counts(summary.tally.count.begin(), summary.tally.count.end());
  counts.push_back(summary.blocks);
  counts = communicator.sum(std::move(counts));
  const std::vector<double> seconds = communicator.sum(
      std::vector<double>{summary.busy_seconds, summary.write_seconds, summary.idle_seconds});

  sweep::Summary all;
  std::copy_n(counts.begin(), all.tally.count.size(), all.tally.count.begin());
  all.tally.worst_error = communicator.max(summary.tally.worst_error);
  all.blocks = counts.back();
  all.busy_seconds = seconds[0];
  all.write_seconds = seconds[1];
  all.idle_seconds = seconds[2];
  return all;
}

}  // namespace gluesweep::parallel
