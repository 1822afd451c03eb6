#include "split.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "gluesweep/job/error.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;

/// 0 ... size-1 in an order that depends on the seed only.
Tensor shuffled(std::int64_t size, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::vector<std::int64_t> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[engine() % i]);
  return at::tensor(order, at::kLong);
}

}  // namespace

Split make_split(std::int64_t points, std::int64_t axes, double holdout, std::uint64_t seed) {
  const auto apart = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::lround(holdout * static_cast<double>(points))));
  const auto training = points - 2 * apart, needed = 4 * (axes + 1);
  if (training < needed) {
    throw job::InputError("too few points for an emulator of " + std::to_string(axes) + " parameters: of " +
                          std::to_string(points) + " usable points " +
                          std::to_string(std::max<std::int64_t>(training, 0)) + " would train it (" +
                          std::to_string(apart) +
                          " choose the regression, as many measure its error), and at "
                          "least " +
                          std::to_string(needed) +
                          " are needed; run the scan with more samples, or give a smaller "
                          "--holdout");
  }
  const auto order = shuffled(points, seed);
  const auto sorted = [&](std::int64_t first, std::int64_t count) {
    return std::get<0>(order.narrow(0, first, count).sort());
  };
  return {sorted(2 * apart, training), sorted(apart, apart), sorted(0, apart)};
}

Samples chosen(const Samples& all, const Tensor& rows) {
  return {all.z.index_select(0, rows), all.targets.index_select(0, rows)};
}

}  // namespace gluesweep::emulator
