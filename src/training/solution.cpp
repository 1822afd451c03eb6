#include "gluesweep/training/solution.hpp"

#include <cmath>

#include "gluesweep/training/march.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

constexpr double hopeless_step = 1.0e-2;  // shortening of a Newton step
constexpr int crossover_places = 81;      // on each side of a hand-over
constexpr int refined_places = 17;

/// |change| / magnitude; no change is none, also where an unknown and its magnitude vanish.
Tensor relative_size(const Tensor& change, const Tensor& magnitude) {
  return at::where(change == 0.0, at::zeros_like(change), (change / magnitude).abs());
}

Tensor nan_like(const Tensor& values) { return at::full_like(values, NAN); }

}  // namespace

Tensors expressed(const problem::System& system, int patch, const Points& points, const Tensor& t,
                  const Tensors& state, const Tensors& guess) {
  // Far from its region a patch may have no constants for the state at all: no long search for them.
  auto inverse = system.frame(patch).invert(t, points.theta, state, guess, hopeless_step);
  const auto condition = system.frame(patch).condition(t, points.theta, inverse.constants);
  const auto known = inverse.error.isfinite() & (condition < problem::Frame::degenerate_condition);
  for (auto& values : inverse.constants) values = at::where(known, values, nan_like(values));
  return inverse.constants;
}

Evaluation FramesSolution::evaluate(const Tensor& t, const std::vector<int>& patches) const {
  const auto x = system_.to_x(t);
  Evaluation result;
  Tensors inside;
  for (int p = 0; p < system_.patches(); ++p) {
    const auto s = static_cast<std::size_t>(p);
    const auto& map = points_.maps[s];
    const auto place = at::minimum(at::maximum(x, map.start), map.end);
    result.frames.push_back(networks_(p, map.xi(place).clamp(-1.0, 1.0)));
    // Outside its region a patch is asked at the region's edge, where it is certainly defined.
    const auto in_region = (x >= map.start) & (x <= map.end);
    inside.push_back(in_region);
    const auto own =
        system_.frame(p).state(at::where(in_region, t, system_.to_t(place)), points_.theta, result.frames[s]);
    if (p == 0) {
      result.state = own;
    } else {
      const auto mask = points_.regions.owned(p, x);
      for (std::size_t i = 0; i < own.size(); ++i) result.state[i] = at::where(mask, own[i], result.state[i]);
    }
  }
  std::vector<Tensors> wanted(result.frames.size());
  for (const int p : patches) {
    const auto s = static_cast<std::size_t>(p);
    wanted[s] = result.frames[s];
    if (system_.patches() == 1) continue;
    const auto outside = expressed(system_, p, points_, t, result.state, result.frames[s]);
    for (std::size_t k = 0; k < outside.size(); ++k) {
      auto& values = wanted[s][k];
      values = at::where(inside[s], values, outside[k]);
    }
  }
  result.frames = wanted;
  result.coefficients = wanted;
  return result;
}

std::vector<Nodal> FramesSolution::frame_nodes(const Grid& grid) const {
  std::vector<Nodal> nodes;
  for (int p = 0; p < system_.patches(); ++p) nodes.push_back(networks_(p, grid.elements->xi));
  return nodes;
}

Tensor limit_nodes(const problem::System& system, const Points& points, const Grid& grid,
                   const Solution& solution) {
  const auto& elements = *grid.elements;
  const auto nodes = solution.frame_nodes(grid);
  Tensors places;
  for (int p = 0; p < system.patches(); ++p) {
    const auto s = static_cast<std::size_t>(p);
    const auto& patch = grid.patches[s];
    const auto x = system.to_x(patch.t);
    // The networks' own slopes: the rate G of a stiff frame magnifies errors that do not matter.
    const auto weight = system.frame(p).response(patch.t, points.theta, nodes[s]).weight;
    Tensor drift = at::zeros_like(elements.inner(x));
    for (std::size_t k = 0; k < weight.size(); ++k) {
      drift = drift + (elements.slopes(nodes[s][k]) * elements.inner(weight[k])).square();
    }
    const auto speed = system.log_scale() ? patch.speed / patch.t : patch.speed;
    drift = drift.sqrt() / elements.inner(speed);
    drift = at::where(drift.isfinite(), drift, at::full_like(drift, INFINITY));
    // An element's largest drift: single nodes of an oscillating drift come near zero by chance.
    const auto own = (x >= points.regions.own_start(p)) & (x <= points.regions.own_end(p));
    const auto owned = elements.inner(own).all(2) & elements.left(own);
    auto largest = drift.amax(2);
    largest = at::where(owned, largest, at::full_like(largest, INFINITY));
    const auto element = largest.argmin(1, true);
    const auto at_nodes = [&element](const Tensor& values, std::int64_t i) {
      return values.select(2, i).gather(1, element);
    };
    const auto falls = at_nodes(drift, 0) > at_nodes(drift, elements.nodes - 1);
    places.push_back((element + falls.to(at::kLong)) * elements.nodes);  // the end where it drifts less
  }
  return at::cat(places, 1);
}

Tensor limits(const problem::System& system, const Points& points, const Grid& grid,
              const Solution& solution) {
  const auto places = limit_nodes(system, points, grid, solution);
  const auto coefficients = solution.coefficient_nodes(grid);
  Tensors rows;
  for (int p = 0; p < system.patches(); ++p) {
    const auto node = places.narrow(1, p, 1);
    for (const auto& values : coefficients[static_cast<std::size_t>(p)]) {
      rows.push_back(values.gather(1, node).squeeze(1));
    }
  }
  return at::stack(rows, 0);
}

namespace {

struct Crossing {
  Tensor low, high;  // (B, 1) bracket in x
  Tensor place;      // (B, 1) in x
  Tensor found;      // (B, 1) bool
};

/// Where patch p's drift overtakes that of patch p + 1 among the places x (B, m). Drifts that oscillate cross
/// many times near their zeros; the crossing taken is the one that best parts the places where p drifts less
/// (left) from those where it drifts more (right), in length of x.
Crossing find_crossing(const problem::System& system, const Points& points, const Solution& solution, int p,
                       const Tensor& x) {
  const auto t = system.to_t(x);
  const auto frames = solution.evaluate(t, {p, p + 1}).frames;
  const auto s = static_cast<std::size_t>(p);
  const auto ratio = system.frame(p).drift_size(t, points.theta, frames[s]).log() -
                     system.frame(p + 1).drift_size(t, points.theta, frames[s + 1]).log();
  const auto a = ratio.slice(1, 0, -1), b = ratio.slice(1, 1);
  const auto low = x.slice(1, 0, -1), high = x.slice(1, 1), length = high - low;
  const auto less = (length * (b <= 0.0).to(at::kDouble)).cumsum(1);
  const auto more = (length * (a > 0.0).to(at::kDouble)).flip(1).cumsum(1).flip(1);
  const auto crosses = (a <= 0.0) & (b > 0.0) & a.isfinite() & b.isfinite();
  const auto parted = at::where(crosses, less + more, at::full_like(a, -1.0));
  const auto best = parted.argmax(1, true);
  const auto place = low - a * length / (b - a);
  return {low.gather(1, best), high.gather(1, best), place.gather(1, best), crosses.any(1, true)};
}

}  // namespace

Tensor crossovers(const problem::System& system, const Points& points, const Solution& solution) {
  const auto& regions = points.regions;
  const auto options = points.theta.front().options();
  // First all over both regions, densest at the hand-over; then once more inside the interval that was found.
  const auto graded =
      (at::linspace(0.0, 1.0, crossover_places, options) * 4.0).sinh().div(std::sinh(4.0)).unsqueeze(0);
  const auto even = at::linspace(0.0, 1.0, refined_places, options).unsqueeze(0);
  Tensors rows;
  for (int p = 0; p + 1 < system.patches(); ++p) {
    const auto edge = regions.own_end(p);
    const auto left = edge + (regions.start(p) - edge) * graded.flip(1).slice(1, 0, -1);
    const auto right = edge + (regions.end(p + 1) - edge) * graded;
    const auto coarse = find_crossing(system, points, solution, p, at::cat({left, right}, 1));
    const auto fine =
        find_crossing(system, points, solution, p, coarse.low + (coarse.high - coarse.low) * even);
    const auto place = at::where(fine.found, fine.place, coarse.place);
    rows.push_back(at::where(coarse.found, system.to_t(place), nan_like(place)).squeeze(1));
  }
  return rows.empty() ? at::empty({0, points.count()}, options) : at::stack(rows, 0);
}

Tensor linearised_error(const problem::System& system, const Points& points, const Grid& grid,
                        const Solution& solution) {
  const auto nodes = solution.frame_nodes(grid);
  const auto corrections = newton_correction(system, points.theta, points.regions, grid, nodes);
  Tensor largest = at::zeros({points.count()}, points.theta.front().options());
  for (int p = 0; p < system.patches(); ++p) {
    const auto s = static_cast<std::size_t>(p);
    const auto& t = grid.patches[s].t;
    const auto response = system.frame(p).response(t, points.theta, nodes[s]);
    const auto magnitude = system.magnitudes(t, points.theta, response.state);
    // A region with an undefined end owns nothing, which must not pass for nothing wrong.
    const auto counts = points.regions.owned(p, system.to_x(t)) | t.isnan();
    const auto n = corrections[s].size();
    for (int u = 0; u < system.unknowns(); ++u) {
      const auto i = static_cast<std::size_t>(system.component(u));
      Tensor change = at::zeros_like(t);
      for (std::size_t k = 0; k < n; ++k) change = change + response.jacobian[i * n + k] * corrections[s][k];
      const auto relative = relative_size(change, magnitude[static_cast<std::size_t>(u)]);
      largest = at::maximum(largest, at::where(counts, relative, at::zeros_like(relative)).amax(1));
    }
  }
  return largest;
}

Tensor relative_difference(const problem::System& system, const Tensors& theta, const Tensor& t,
                           const Tensors& state, const Tensors& unknowns) {
  const auto magnitude = system.magnitudes(t, theta, state);
  Tensor largest = at::zeros({theta.front().size(0)}, theta.front().options());
  for (std::size_t u = 0; u < unknowns.size(); ++u) {
    const auto& own = state[static_cast<std::size_t>(system.component(static_cast<int>(u)))];
    largest = at::maximum(largest, relative_size(unknowns[u] - own, magnitude[u]).amax(1));
  }
  return largest;
}

namespace {

constexpr int pole_bisections = 30;
constexpr double pole_size = 1.0e3;  // at the sign change, over the values beside it

/// Neighbouring nodes of one patch between which a component of the state changes its sign, one pair a row:
/// everything (K, 1) but for `point` (K), the row of the batch.
struct Brackets {
  Tensor point, low_t, high_t;
  Tensors theta, low_constants, high_constants;
  Tensor low, high;                // shares of the way from low to high that bracket the change of sign
  Tensor at_low, at_high, beside;  // the component there, and its size at the nodes

  Tensor at(const problem::Frame& frame, std::size_t component, const Tensor& share) const {
    Tensors constants;
    for (std::size_t k = 0; k < low_constants.size(); ++k) {
      constants.push_back(low_constants[k] + share * (high_constants[k] - low_constants[k]));
    }
    return frame.state(low_t + share * (high_t - low_t), theta, constants)[component];
  }

  Brackets select(const Tensor& rows) const {
    const auto pick = [&rows](const Tensor& values) { return values.index_select(0, rows); };
    const auto pick_all = [&pick](Tensors values) {
      for (auto& value : values) value = pick(value);
      return values;
    };
    return {pick(point),
            pick(low_t),
            pick(high_t),
            pick_all(theta),
            pick_all(low_constants),
            pick_all(high_constants),
            pick(low),
            pick(high),
            pick(at_low),
            pick(at_high),
            pick(beside)};
  }
};

/// Bisects on the sign of a component: a function that is continuous vanishes where it changes its sign. The
/// points with a pole.
Tensor ends_in_pole(const problem::Frame& frame, Brackets brackets, std::size_t component) {
  for (int i = 0; i < pole_bisections && brackets.point.numel() > 0; ++i) {
    const auto middle = 0.5 * (brackets.low + brackets.high);
    const auto value = brackets.at(frame, component, middle);
    const auto same = value.sign() == brackets.at_low.sign();
    // Between a place on each side of a pole c/(t - t0)^k no value is smaller than both of theirs.
    const auto vanishes = value.abs() < 0.5 * at::minimum(brackets.at_low.abs(), brackets.at_high.abs());
    brackets.low = at::where(same, middle, brackets.low);
    brackets.high = at::where(same, brackets.high, middle);
    brackets.at_low = at::where(same, value, brackets.at_low);
    brackets.at_high = at::where(same, brackets.at_high, value);
    brackets = brackets.select((~vanishes).squeeze(1).nonzero().squeeze(1));
  }
  const auto size = at::maximum(brackets.at_low.abs(), brackets.at_high.abs());
  return brackets.point.masked_select((size > pole_size * brackets.beside).squeeze(1));
}

}  // namespace

Tensor passes_pole(const problem::System& system, const Points& points, const Grid& grid,
                   const Solution& solution) {
  const auto nodes = solution.frame_nodes(grid);
  Tensor found = at::zeros({points.count()}, points.matching.solved.options());
  for (int p = 0; p < system.patches(); ++p) {
    const auto s = static_cast<std::size_t>(p);
    const auto& t = grid.patches[s].t;
    const auto owned = points.regions.owned(p, system.to_x(t));
    const auto state = system.frame(p).state(t, points.theta, nodes[s]);
    for (std::size_t i = 0; i < state.size(); ++i) {
      const auto sign = state[i].sign();
      // The pair on both sides of a hand-over belongs to both patches.
      const auto flips =
          (sign.slice(1, 0, -1) * sign.slice(1, 1) < 0.0) & (owned.slice(1, 0, -1) | owned.slice(1, 1));
      const auto index = flips.nonzero();
      if (index.size(0) == 0) continue;
      const auto point = index.select(1, 0), place = point * t.size(1) + index.select(1, 1);
      const auto pick = [&](const Tensor& values, std::int64_t shift) {
        return values.flatten().index_select(0, place + shift).unsqueeze(1);
      };
      Brackets brackets{point, pick(t, 0), pick(t, 1), {}, {}, {}, {}, {}, {}, {}, {}};
      for (const auto& value : points.theta) brackets.theta.push_back(value.index_select(0, point));
      for (const auto& value : nodes[s]) {
        brackets.low_constants.push_back(pick(value, 0));
        brackets.high_constants.push_back(pick(value, 1));
      }
      brackets.low = at::zeros_like(brackets.low_t);
      brackets.high = at::ones_like(brackets.low_t);
      brackets.at_low = pick(state[i], 0);
      brackets.at_high = pick(state[i], 1);
      brackets.beside = at::maximum(brackets.at_low.abs(), brackets.at_high.abs());
      found = found.index_put({ends_in_pole(system.frame(p), brackets, i)}, at::ones({}, found.options()));
    }
  }
  return found;
}

Tensor degenerate(const problem::System& system, const Points& points, const Grid& grid,
                  const Solution& solution) {
  const auto nodes = solution.frame_nodes(grid);
  Tensor any;
  for (int p = 0; p < system.patches(); ++p) {
    const auto s = static_cast<std::size_t>(p);
    const auto& frame = system.frame(p);
    const auto& t = grid.patches[s].t;
    const auto condition = frame.condition(t, points.theta, nodes[s]);
    // Undefined at a finite state: a column of dPhi/dC is zero there. At an infinite one that is no wonder.
    Tensor defined = at::ones_like(condition, condition.options().dtype(at::kBool));
    for (const auto& component : frame.state(t, points.theta, nodes[s])) {
      defined = defined & component.isfinite();
    }
    const auto bad = ((condition > problem::Frame::degenerate_condition) | condition.isinf() |
                      (condition.isnan() & defined))
                         .any(1);
    any = p == 0 ? bad : any | bad;
  }
  return any;
}

}  // namespace gluesweep::training
