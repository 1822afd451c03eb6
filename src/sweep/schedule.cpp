#include "gluesweep/sweep/schedule.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "gluesweep/job/error.hpp"

namespace gluesweep::sweep {

Share share_of(std::int64_t samples, std::int64_t block_size, std::int64_t part, std::int64_t parts) {
  const std::int64_t blocks = block_count(samples, block_size);
  if (parts > blocks) {
    throw job::InputError("--part: the scan has " + std::to_string(blocks) + " blocks of run.block = " +
                          std::to_string(block_size) + " points, too few for " + std::to_string(parts) +
                          " parts: ask for at most as many parts as blocks, or for a smaller run.block");
  }
  const auto first_block = [&](std::int64_t p) { return blocks / parts * p + std::min(p, blocks % parts); };
  const std::int64_t first = first_block(part - 1) * block_size;
  const std::int64_t end = std::min(first_block(part) * block_size, samples);
  return {first, end - first, samples};
}

Schedule::Schedule(const Share& share, std::int64_t block_size) : share_(share), block_size_(block_size) {
  const std::int64_t blocks = block_count(share.count, block_size);
  if (blocks > std::numeric_limits<std::uint32_t>::max()) {
    throw job::InputError("run.block: " + std::to_string(block_size) + " would cut the " +
                          std::to_string(share.count) + " points into " + std::to_string(blocks) +
                          " blocks: choose a larger one");
  }
  order_.resize(static_cast<std::size_t>(blocks));
  std::iota(order_.begin(), order_.end(), std::uint32_t{0});
}

Block Schedule::at(std::int64_t position) const {
  const std::int64_t block = order_[static_cast<std::size_t>(position)];
  return block_at(share_.first / block_size_ + block, share_.scan, block_size_);
}

void Schedule::arrange(const std::function<double(const Block&)>& cost) {
  std::vector<std::pair<float, std::uint32_t>> kept;
  for (std::int64_t i = 0; i < size(); ++i) {
    const auto expected = static_cast<float>(cost(at(i)));
    if (expected > 0.0F) kept.emplace_back(expected, order_[static_cast<std::size_t>(i)]);
  }
  std::stable_sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  order_.resize(kept.size());
  std::transform(kept.begin(), kept.end(), order_.begin(), [](const auto& pair) { return pair.second; });
}

}  // namespace gluesweep::sweep
