#include "lane_march.hpp"

#include <algorithm>
#include <cmath>

#include "gluesweep/problem/work.hpp"
#include "lane_elements.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;
using problem::lanes;

using Lanes = std::vector<double>;

void solve(LaneElements& elements, double* right, int columns) {
  const double size = elements.size();
  problem::count_work(problem::Work::elimination, lanes * size * size * (2.0 / 3.0 * size + 2.0 * columns));
  element_kernels().solve(elements.matrix(), right, elements.size(), columns);
}

/// Newton's method element after element for up to `lanes` sweep points.
class Marcher {
 public:
  Marcher(LaneElements elements, const network::Elements& shape, Lanes start, Lanes units, bool linear);

  void run();

  const Lanes& trail() const { return trail_; }  // (n, N)
  bool solved(std::size_t lane) const { return solved_[lane]; }
  int steps(std::size_t lane) const { return steps_[lane]; }

 private:
  void guess(int element);
  void restart(std::size_t lane);
  void solve_element(int element);
  void keep(int element);

  LaneElements elements_;
  int n_, s_, count_;
  std::int64_t size_;
  Lanes continuation_, left_, units_, values_, trail_;
  bool linear_;
  bool solved_[lanes];
  int steps_[lanes];
};

Marcher::Marcher(LaneElements elements, const network::Elements& shape, Lanes start, Lanes units, bool linear)
    : elements_(std::move(elements)),
      n_(elements_.shape().constants),
      s_(shape.nodes),
      count_(shape.count),
      size_(shape.size()),
      continuation_(shape.continuation.data_ptr<double>(),
                    shape.continuation.data_ptr<double>() + shape.continuation.numel()),
      left_(std::move(start)),
      units_(std::move(units)),
      values_(static_cast<std::size_t>(n_ * s_ * lanes)),
      trail_(static_cast<std::size_t>(n_ * size_ * lanes)),
      linear_(linear) {
  std::fill_n(solved_, lanes, true);
  std::fill_n(steps_, lanes, 0);
  for (int k = 0; k < n_; ++k)
    std::copy_n(left_.data() + k * lanes, lanes, trail_.data() + k * size_ * lanes);
}

/// The polynomial of the element before goes on; the first element starts from constants.
void Marcher::guess(int element) {
  for (int k = 0; k < n_; ++k) {
    for (int i = 0; i < s_; ++i) {
      double* value = values_.data() + (k * s_ + i) * lanes;
      if (element == 0) {
        std::copy_n(left_.data() + k * lanes, lanes, value);
        continue;
      }
      const double* before = trail_.data() + (k * size_ + (element - 1) * s_) * lanes;
      const double* share = continuation_.data() + i * (s_ + 1);
      std::fill_n(value, lanes, 0.0);
      for (int j = 0; j <= s_; ++j) {
        for (int lane = 0; lane < lanes; ++lane) value[lane] += share[j] * before[j * lanes + lane];
      }
    }
  }
}

void Marcher::restart(std::size_t lane) {
  for (int k = 0; k < n_; ++k) {
    for (int i = 0; i < s_; ++i) {
      values_[static_cast<std::size_t>((k * s_ + i) * lanes) + lane] =
          left_[static_cast<std::size_t>(k * lanes) + lane];
    }
  }
}

void Marcher::solve_element(int element) {
  const auto& kernels = element_kernels();
  double active[lanes], size[lanes];
  std::fill_n(active, lanes, 1.0);
  guess(element);
  for (int step = 0; step < newton_steps; ++step) {
    elements_.assemble(left_.data(), values_.data());
    solve(elements_, elements_.missing(), 1);
    kernels.advance(elements_.shape(), elements_.missing(), units_.data(), active, values_.data(), size);
    bool any = false;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      if (active[lane] == 0.0) continue;
      steps_[lane] = std::max(steps_[lane], step + 1);
      if (step == 0 && element > 0 && !(size[lane] < trusted_step) && !linear_) {
        restart(lane);
      } else if (linear_ || size[lane] < small_newton_step || std::isnan(size[lane])) {
        // A solved point stays: it must not depend on how long the others take.
        active[lane] = 0.0;
        solved_[lane] = solved_[lane] && !std::isnan(size[lane]);
      }
      any = any || active[lane] != 0.0;
    }
    if (!any) return;
  }
  for (std::size_t lane = 0; lane < lanes; ++lane) solved_[lane] = solved_[lane] && active[lane] == 0.0;
}

void Marcher::keep(int element) {
  for (int k = 0; k < n_; ++k) {
    const double* values = values_.data() + k * s_ * lanes;
    std::copy_n(values, s_ * lanes, trail_.data() + (k * size_ + 1 + element * s_) * lanes);
    std::copy_n(values + (s_ - 1) * lanes, lanes, left_.data() + k * lanes);
  }
}

void Marcher::run() {
  for (int e = 0; e < count_; ++e) {
    elements_.enter(e);
    solve_element(e);
    keep(e);
  }
}

}  // namespace

PatchMarch march_on_lanes(const problem::Frame& frame, const Tensors& theta,
                          const network::Elements& elements, const PatchGrid& patch, const Tensor& start,
                          const Tensor& units) {
  const auto points = start.size(0), n = start.size(1), size = elements.size();
  PatchMarch result;
  result.values = at::empty({points, n, size}, start.options());
  result.solved = at::empty({points}, start.options().dtype(at::kBool));
  result.steps = at::empty({points}, start.options().dtype(at::kInt));
  for (std::int64_t first = 0; first < points; first += lanes) {
    const auto count = std::min<std::int64_t>(lanes, points - first);
    Marcher marcher(LaneElements(frame, theta, elements, patch, first, count), elements,
                    to_lanes(start, first, count), to_lanes(units, first, count), frame.drift_is_linear());
    marcher.run();
    from_lanes(marcher.trail().data(), n * size, first, count, result.values);
    for (std::int64_t lane = 0; lane < count; ++lane) {
      result.solved.data_ptr<bool>()[first + lane] = marcher.solved(static_cast<std::size_t>(lane));
      result.steps.data_ptr<int>()[first + lane] = marcher.steps(static_cast<std::size_t>(lane));
    }
  }
  return result;
}

Tensor chain_on_lanes(const problem::Frame& frame, const Tensors& theta, const network::Elements& elements,
                      const PatchGrid& patch, const Nodal& nodes, const Tensor& left,
                      const std::optional<Tensor>& sources) {
  const auto points = left.size(0), n = left.size(1), columns = left.size(2), size = elements.size();
  const int s = elements.nodes;
  const auto driven = sources ? sources->size(4) : 1;
  const auto all_nodes = at::stack(nodes, 1).flatten(1);  // (B, n N)
  Tensor result = at::empty({points, size, n, columns}, left.options());
  Lanes values(static_cast<std::size_t>(n * s * lanes)),
      right(static_cast<std::size_t>(n * s * columns * lanes));
  for (std::int64_t first = 0; first < points; first += lanes) {
    const auto count = std::min<std::int64_t>(lanes, points - first);
    LaneElements system(frame, theta, elements, patch, first, count);
    const auto given = to_lanes(all_nodes, first, count);
    Lanes before = to_lanes(left.flatten(1), first, count);  // (n, c)
    const auto given_sources = sources ? to_lanes(sources->flatten(1), first, count) : Lanes{};
    Lanes trail(static_cast<std::size_t>(size * n * columns * lanes));
    std::copy(before.begin(), before.end(), trail.begin());
    for (int e = 0; e < elements.count; ++e) {
      Lanes start(static_cast<std::size_t>(n * lanes));
      for (std::int64_t k = 0; k < n; ++k) {
        const double* node = given.data() + (k * size + static_cast<std::int64_t>(e) * s) * lanes;
        std::copy_n(node, lanes, start.data() + k * lanes);
        std::copy_n(node + lanes, s * lanes, values.data() + k * s * lanes);
      }
      system.enter(e);
      system.assemble(start.data(), values.data());
      const double* driving =
          sources ? given_sources.data() + e * n * s * driven * lanes : system.missing();  // (n s, m)
      for (std::int64_t row = 0; row < n * s; ++row) {
        for (std::int64_t c = 0; c < columns; ++c) {
          const double* from = before.data() + (row / s * columns + c) * lanes;
          const auto column = c - (columns - driven);
          const double* source = driving + (row * driven + std::max<std::int64_t>(column, 0)) * lanes;
          double* to = right.data() + (row * columns + c) * lanes;
          for (int lane = 0; lane < lanes; ++lane) to[lane] = from[lane] + (column < 0 ? 0.0 : source[lane]);
        }
      }
      solve(system, right.data(), static_cast<int>(columns));
      for (std::int64_t k = 0; k < n; ++k) {
        for (int i = 0; i < s; ++i) {
          const auto node = 1 + static_cast<std::int64_t>(e) * s + i;
          std::copy_n(right.data() + (k * s + i) * columns * lanes, columns * lanes,
                      trail.data() + (node * n + k) * columns * lanes);
        }
        std::copy_n(right.data() + (k * s + s - 1) * columns * lanes, columns * lanes,
                    before.data() + k * columns * lanes);
      }
    }
    from_lanes(trail.data(), size * n * columns, first, count, result);
  }
  return result;
}

}  // namespace gluesweep::training
