#include "gluesweep/network/map.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gluesweep/network/network_kernels.hpp"
#include "gluesweep/problem/kernels.hpp"
#include "gluesweep/problem/work.hpp"

namespace gluesweep::network {

using at::Tensor;

namespace {

/// asinh(z) by vectorised functions; exact to rounding in absolute terms, which is what a position needs.
Tensor arsinh(const Tensor& z) {
  const auto size = z.abs();
  return at::copysign((size + (size * size + 1.0).sqrt()).log(), z);
}

/// The maps of up to `lanes` sweep points from `first` on, for kernels; the last one fills the rest.
class OnLanes {
 public:
  OnLanes(const Map& map, const Tensor& total, std::int64_t first, std::int64_t count) {
    using problem::lanes;
    const auto terms = map.centre.size(1);
    for (auto* values : {&start_, &end_, &total_}) values->resize(lanes);
    for (auto* values : {&centre_, &width_, &share_, &first_}) {
      values->resize(static_cast<std::size_t>(terms * lanes));
    }
    const auto a = map.start.contiguous(), b = map.end.contiguous(), c = map.centre.contiguous(),
               w = map.width.contiguous(), beta = map.beta.contiguous(), whole = total.contiguous();
    const auto *a_at = a.data_ptr<double>(), *b_at = b.data_ptr<double>(), *c_at = c.data_ptr<double>(),
               *w_at = w.data_ptr<double>(), *beta_at = beta.data_ptr<double>(),
               *whole_at = whole.data_ptr<double>();
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const auto point = first + std::min(static_cast<std::int64_t>(lane), count - 1);
      start_[lane] = a_at[point];
      end_[lane] = b_at[point];
      total_[lane] = whole_at[point];
      for (std::int64_t j = 0; j < terms; ++j) {
        const auto from = point * terms + j;
        const auto to = static_cast<std::size_t>(j) * lanes + lane;
        centre_[to] = c_at[from];
        width_[to] = w_at[from];
        first_[to] = arsinh((start_[lane] - centre_[to]) / width_[to]);
        share_[to] = beta_at[from] / (arsinh((end_[lane] - centre_[to]) / width_[to]) - first_[to]);
      }
    }
    terms_ = static_cast<int>(terms);
  }

  MapLanes lanes() const {
    return {terms_,        start_.data(), end_.data(),   centre_.data(),
            width_.data(), share_.data(), first_.data(), total_.data()};
  }

 private:
  static double arsinh(double z) { return std::copysign(std::log(std::abs(z) + std::sqrt(z * z + 1.0)), z); }

  int terms_ = 0;
  std::vector<double> start_, end_, total_, centre_, width_, share_, first_;
};

bool fits_kernels(const Map& map, const Tensor& values) {
  return problem::on_kernels(values) && problem::on_kernels(map.start);
}

}  // namespace

Map::Position Map::position(const Tensor& x) const {
  const auto length = end - start;
  Tensor value = (x - start) / length;
  Tensor density = length.reciprocal().expand_as(x).clone();
  for (std::int64_t j = 0; j < centre.size(1); ++j) {
    const auto c = centre.narrow(1, j, 1), w = width.narrow(1, j, 1);
    const auto first = arsinh((start - c) / w);
    const auto share = beta.narrow(1, j, 1) / (arsinh((end - c) / w) - first);
    const auto z = (x - c) / w;
    value = value + share * (arsinh(z) - first);
    density = density + share / w * (1.0 + z * z).rsqrt();
  }
  return {value, density};
}

Tensor Map::total() const { return position(end).value; }

Tensor Map::xi(const Tensor& x) const {
  if (!fits_kernels(*this, x)) return 2.0 * position(x).value / total() - 1.0;
  const auto whole = total();
  const auto points = start.size(0), places = x.size(1);
  const auto from = x.expand({points, places}).contiguous();
  Tensor xi = at::empty({points, places}, x.options());
  for (std::int64_t first = 0; first < points; first += problem::lanes) {
    const auto count = std::min<std::int64_t>(problem::lanes, points - first);
    const OnLanes own(*this, whole, first, count);
    const auto terms = static_cast<double>(centre.size(1) * places * count);
    problem::count_work({terms * 6.0, terms, terms, 0.0, 0.0, 0.0});
    for (std::int64_t lane = 0; lane < count; ++lane) {
      network_kernels().positions(own.lanes(), static_cast<int>(lane),
                                  from.data_ptr<double>() + (first + lane) * places, places,
                                  xi.data_ptr<double>() + (first + lane) * places);
    }
  }
  return xi;
}

namespace {

Map::Nodes nodes_on_lanes(const Map& map, const Tensor& total, const Tensor& xi) {
  using problem::lanes;
  const auto points = map.start.size(0), size = xi.size(0);
  Map::Nodes nodes{at::empty({points, size}, xi.options()), at::empty({points, size}, xi.options())};
  const auto [ascending, order] = xi.sort();  // each node is found from the one before
  const auto at_xi = ascending.contiguous(), places = order.contiguous();
  const auto* place = places.data_ptr<std::int64_t>();
  std::vector<double> x(static_cast<std::size_t>(size * lanes)), slope(x.size());
  for (std::int64_t first = 0; first < points; first += lanes) {
    const auto count = std::min<std::int64_t>(lanes, points - first);
    const OnLanes own(map, total, first, count);
    // Two steps of Halley's method a node, as a rule, and the density there.
    const auto terms = static_cast<double>(map.centre.size(1) * size * lanes);
    problem::count_work({terms * 40.0, terms * 10.0, terms * 2.0, 0.0, 0.0, 0.0});
    network_kernels().nodes(own.lanes(), at_xi.data_ptr<double>(), static_cast<int>(size), x.data(),
                            slope.data());
    for (std::int64_t lane = 0; lane < count; ++lane) {
      double* to_x = nodes.x.data_ptr<double>() + (first + lane) * size;
      double* to_slope = nodes.slope.data_ptr<double>() + (first + lane) * size;
      for (std::int64_t i = 0; i < size; ++i) {
        to_x[place[i]] = x[static_cast<std::size_t>(i * lanes + lane)];
        to_slope[place[i]] = slope[static_cast<std::size_t>(i * lanes + lane)];
      }
    }
  }
  return nodes;
}

}  // namespace

Map::Nodes Map::nodes(const Tensor& xi) const {
  const auto whole = total();
  if (fits_kernels(*this, xi)) return nodes_on_lanes(*this, whole, xi);
  const auto target = 0.5 * (xi.unsqueeze(0) + 1.0) * whole;
  Tensor low = start.expand_as(target), high = end.expand_as(target);
  Tensor x = start + (end - start) * target / whole;
  // Newton, kept inside a shrinking bracket: the density varies by orders of magnitude. A place that has
  // converged takes one more step and stays, so that it does not depend to the last bit on how long the
  // others take.
  Tensor moving = at::ones_like(target, target.options().dtype(at::kBool)), changing = moving;
  Tensor last_miss = at::full_like(target, INFINITY);
  for (int i = 0; i < 120; ++i) {
    const auto [value, density] = position(x);
    const auto below = value < target;
    low = at::where(below, x, low);
    high = at::where(below, high, x);
    const auto step = x - (value - target) / density;
    // A step that did not halve what is missed may go to and fro between the tails of a density peak: bisect.
    const auto miss = (value - target).abs();
    const auto smallest = at::maximum(1.0e-14 * (end - start), 1.0e-15 * x.abs());
    const auto halved = (miss <= 0.5 * last_miss) | (miss <= smallest * density) | ~changing;
    const auto inside = (step >= low) & (step <= high) & halved;
    last_miss = miss;
    const auto next = at::where(moving, at::where(inside, step, 0.5 * (low + high)), x);
    moving = changing;
    changing = changing & ((next - x).abs() >= smallest);
    x = next;
    if (!moving.any().item<bool>()) break;
  }
  x = x.clone();
  x.select(1, 0).copy_(start.squeeze(1));
  x.select(1, -1).copy_(end.squeeze(1));
  return {x, 0.5 * whole / position(x).density};
}

Tensor Map::packed() const {
  const auto terms = at::stack({centre, width, beta}, 2).flatten(1);
  return at::cat({start, end, terms}, 1);
}

Map Map::unpacked(const Tensor& packed) {
  const auto terms = packed.slice(1, 2).unflatten(1, {-1, 3});
  return {packed.narrow(1, 0, 1), packed.narrow(1, 1, 1), terms.select(2, 0), terms.select(2, 1),
          terms.select(2, 2)};
}

}  // namespace gluesweep::network
