#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gluesweep/sweep/driver.hpp"

/// What a run has to do, and in which order: known to all ranks alike, decided before the first block.
namespace gluesweep::sweep {

/// Consecutive samples that one sweep file holds: all of a scan, or the part of an array job.
struct Share {
  std::int64_t first = 0;  ///< sample id; a multiple of the block size
  std::int64_t count = 0;
  std::int64_t scan = 0;  ///< samples of the whole scan

  static Share all(std::int64_t samples) { return {0, samples, samples}; }
  bool is_all() const { return count == scan; }
};

/// Part `part` (from 1) of `parts` of a scan, in whole blocks, as even as that allows. Throws job::InputError
/// if there are more parts than blocks.
Share share_of(std::int64_t samples, std::int64_t block_size, std::int64_t part, std::int64_t parts);

/// The blocks of a share that are to be done, in the order in which they are handed out: expected-hardest
/// first, so that the ranks finish together; equals by sample id. Four bytes a block.
class Schedule {
 public:
  /// All blocks of `share`, in order.
  Schedule(const Share& share, std::int64_t block_size);

  /// Keeps the blocks for which `cost` is positive, the costliest first. It is called once for each block, in
  /// order. What a cost is measured in does not matter.
  void arrange(const std::function<double(const Block&)>& cost);

  std::int64_t size() const { return static_cast<std::int64_t>(order_.size()); }
  Block at(std::int64_t position) const;

  /// The order as plain numbers, to send it to other ranks.
  const std::vector<std::uint32_t>& order() const { return order_; }
  void set_order(std::vector<std::uint32_t> order) { order_ = std::move(order); }

 private:
  Share share_;
  std::int64_t block_size_;
  std::vector<std::uint32_t> order_;  // blocks of the share, numbered from 0
};

}  // namespace gluesweep::sweep
