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
// In the last case Attention helps; networks with remote atomics (osc/ucx, osc/rdma) do not have it.

// Slots of the window: the next block's place in the schedule, why it was stopped, the points by status, the
// worst error.
constexpr std::size_t next_block = 0;
constexpr std::size_t stop_reason = 1;
constexpr std::size_t first_status = 2;
constexpr std::size_t worst_error = first_status + training::status_table.size();
constexpr std::size_t slots = worst_error + 1;

// Between two additions to the totals: often enough for who watches, seldom enough for thousands of ranks.
constexpr std::chrono::milliseconds totals_interval{500};

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

BlockCounter::BlockCounter(const Communicator& communicator, sweep::Schedule schedule,
                           std::function<int()> stop_request)
    : communicator_(communicator), schedule_(std::move(schedule)), stop_request_(std::move(stop_request)) {
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
  if (!stopped_here_ && stop_request_) {
    if (const int reason = stop_request_(); reason != StopReason::none) stop(reason);
  }
  const std::int64_t position = change(next_block, 1, Operation::add);
  if (position < schedule_.size()) return schedule_.at(position);
  send_totals();
  return std::nullopt;
}

void BlockCounter::stop(int reason) {
  if (stopped_here_) return;
  change(stop_reason, reason, Operation::maximum);
  change(next_block, stop_offset, Operation::add);
  stopped_here_ = true;
}

int BlockCounter::stopped() const { return static_cast<int>(change(stop_reason, 0, Operation::read)); }

void BlockCounter::add(const sweep::Tally& tally) {
  unsent_ += tally;
  if (std::chrono::steady_clock::now() - sent_ >= totals_interval) send_totals();
}

void BlockCounter::send_totals() {
  for (std::size_t i = 0; i < unsent_.count.size(); ++i) {
    if (unsent_.count[i] != 0) change(first_status + i, unsent_.count[i], Operation::add);
  }
  if (unsent_.worst_error > 0.0) change(worst_error, bits_of(unsent_.worst_error), Operation::maximum);
  unsent_ = {};
  sent_ = std::chrono::steady_clock::now();
}

sweep::Tally BlockCounter::totals() const {
  sweep::Tally tally;
  for (std::size_t i = 0; i < tally.count.size(); ++i)
    tally.count[i] = change(first_status + i, 0, Operation::read);
  tally.worst_error = double_of(change(worst_error, 0, Operation::read));
  tally += unsent_;
  return tally;
}

}  // namespace gluesweep::parallel
