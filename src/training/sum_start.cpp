#include "sum_start.hpp"

#include <cmath>

namespace gluesweep::training {
namespace {

using at::Tensor;

constexpr double width_in_overlaps = 2.0;  // of the partition
constexpr double rounding = 1.0e-14;       // a constant that matters less is held

// Constants whose size varies less than this along the domain get a scale that does not: a constant
// coefficient is then represented exactly.
constexpr double flat_range = 1.0e3;

Tensors of_patch(const Tensors& constants, int patch, int n) {
  return {constants.begin() + patch * n, constants.begin() + (patch + 1) * n};
}

/// Largest of the unknowns over their magnitudes in `whole`, (B, N).
Tensor relative_size(const problem::System& system, const Tensors& magnitudes, const Tensors& state) {
  Tensor largest;
  for (int u = 0; u < system.unknowns(); ++u) {
    const auto size =
        (state[static_cast<std::size_t>(system.component(u))] / magnitudes[static_cast<std::size_t>(u)])
            .abs();
    largest = u == 0 ? size : at::maximum(largest, size);
  }
  return largest;
}

/// Shares of the patches, (P, B, N): a softmax of potentials that cross over at the hand-overs.
Tensor partition(const problem::System& system, const problem::Regions& regions, const Tensor& x) {
  Tensors potentials{at::zeros_like(x)};
  for (int p = 1; p < system.patches(); ++p) {
    const auto width = width_in_overlaps * regions.overlap.narrow(1, p - 1, 1);
    potentials.push_back(potentials.back() + (x - regions.own_start(p)) / width);
  }
  return at::stack(potentials, 0).softmax(0);
}

/// The constants that express a state in a patch's frame, from the first guess that leads to them.
problem::Frame::Inverse invert(const problem::Frame& frame, const Tensor& t, const Tensors& theta,
                               const Tensors& state, const std::vector<Tensors>& guesses) {
  auto result = frame.invert(t, theta, state, guesses.front());
  for (std::size_t g = 1; g < guesses.size(); ++g) {
    const auto found = result.error.isfinite();
    if (found.all().item<bool>()) break;
    const auto other = frame.invert(t, theta, state, guesses[g]);
    for (std::size_t k = 0; k < result.constants.size(); ++k) {
      result.constants[k] = at::where(found, result.constants[k], other.constants[k]);
    }
    result.error = at::where(found, result.error, other.error);
  }
  return result;
}

}  // namespace

network::Map whole_map(const std::vector<network::Map>& maps) {
  Tensors centres, widths, betas;
  for (const auto& map : maps) {
    centres.push_back(map.centre);
    widths.push_back(map.width);
    betas.push_back(map.beta);
  }
  return {maps.front().start, maps.back().end, at::cat(centres, 1), at::cat(widths, 1), at::cat(betas, 1)};
}

Tensors held_constants(const problem::System& system, const Grid& frames, const std::vector<Nodal>& nodes,
                       const PatchGrid& whole) {
  const auto x = system.to_x(whole.t);
  Tensors constants;
  for (std::size_t p = 0; p < nodes.size(); ++p) {
    const auto& map = frames.patches[p].map;
    const auto xi = map.xi(at::minimum(at::maximum(x, map.start), map.end)).clamp(-1.0, 1.0);
    for (const auto& values : nodes[p]) constants.push_back(frames.elements->interpolate(values, xi));
  }
  return constants;
}

Tensor natural_units(const problem::System& system, const Points& points, const PatchGrid& grid,
                     const Tensors& held) {
  const auto x = system.to_x(grid.t);
  Tensors units;
  for (int p = 0; p < system.patches(); ++p) {
    const auto region = (x >= points.regions.start(p)) & (x <= points.regions.end(p));
    const auto response = system.frame(p).response(grid.t, points.theta, of_patch(held, p, system.size()));
    for (const auto& weight : response.weight) {
      const auto known = at::where(weight.isfinite() & region, weight, at::zeros_like(weight)).amax(1, true);
      units.push_back(at::where(known > 0.0, known.reciprocal(), at::ones_like(known)));
    }
  }
  return at::stack(units, 1);
}

Tensors split(const problem::System& system, const Points& points, const PatchGrid& grid,
              const Tensors& held) {
  const auto x = system.to_x(grid.t);
  const int n = system.size(), patches = system.patches();
  std::vector<Tensors> parts;
  Tensors state;
  for (int p = 0; p < patches; ++p) {
    parts.push_back(system.frame(p).state(grid.t, points.theta, of_patch(held, p, n)));
    const auto mask = points.regions.owned(p, x);
    for (std::size_t i = 0; i < parts.back().size(); ++i) {
      if (p == 0) state.push_back(parts[0][i]);
      state[i] = at::where(mask, parts.back()[i], state[i]);
    }
  }
  const auto shares = partition(system, points.regions, x);
  const auto magnitudes = system.magnitudes(grid.t, points.theta, state);
  const auto whole = relative_size(system, magnitudes, state);
  Tensors rest = state, kept;
  for (int p = 0; p < patches; ++p) {
    auto& part = parts[static_cast<std::size_t>(p)];
    const auto ratio = relative_size(system, magnitudes, part) / whole;
    kept.push_back(shares[p] / (shares[p] + (1.0 - shares[p]) * ratio));
    const auto mask = points.regions.owned(p, x);
    for (std::size_t i = 0; i < part.size(); ++i) {
      // A single component keeps the sign of the solution: patches may have poles outside their regions.
      part[i] = n == 1 ? kept.back() * ratio * state[i] : kept.back() * part[i];
      rest[i] = rest[i] - at::where(mask, at::zeros_like(x), part[i]);
    }
  }
  Tensors result;
  for (int p = 0; p < patches; ++p) {
    const auto s = static_cast<std::size_t>(p);
    const auto mask = points.regions.owned(p, x);
    for (std::size_t i = 0; i < rest.size(); ++i) parts[s][i] = at::where(mask, rest[i], parts[s][i]);
    const auto before = of_patch(held, p, n);
    Tensors proportional;  // right where the patch is linear in its constants
    for (const auto& value : before) proportional.push_back(at::where(mask, value, kept[s] * value));
    const auto inverse = invert(system.frame(p), grid.t, points.theta, parts[s], {proportional, before});
    const auto weight = system.frame(p).response(grid.t, points.theta, before).weight;
    for (std::size_t k = 0; k < before.size(); ++k) {
      const auto matters = mask | (weight[k] * before[k].abs().clamp_min(1.0) > rounding);
      result.push_back(at::where(inverse.error.isfinite() & matters, inverse.constants[k], before[k]));
    }
  }
  return result;
}

network::Scale balance(const problem::System& system, const problem::SumAnsatz& ansatz, const Points& points,
                       const PatchGrid& grid, const network::Elements& elements, const Tensor& units,
                       const Tensors& held, const Tensors& start) {
  const auto response = ansatz.response(grid.t, points.theta, start);
  const auto magnitudes = system.magnitudes(grid.t, points.theta, response.state);
  const auto constants = static_cast<std::size_t>(ansatz.constants());
  Tensors sizes;
  for (std::size_t k = 0; k < constants; ++k) {
    Tensors column;
    for (int i = 0; i < system.size(); ++i) {
      column.push_back(response.jacobian[static_cast<std::size_t>(i) * constants + k]);
    }
    const auto largest = at::maximum(units.select(1, static_cast<std::int64_t>(k)),
                                     at::maximum(held[k].abs(), start[k].abs()));
    const auto size = at::minimum(largest, relative_size(system, magnitudes, column).reciprocal());
    sizes.push_back(at::where(size.isfinite() & (size > 0.0), size, largest));
  }
  // An element's smallest size: the zeros of an oscillation do not count.
  const auto logarithm = elements.inner(at::stack(sizes, 1)).amin(3).log();
  const auto range = logarithm.amax(2, true) - logarithm.amin(2, true);
  const auto even = logarithm.mean(2, true).expand_as(logarithm);
  return network::Scale::fit(at::where(range < std::log(flat_range), even, logarithm).exp(),
                             elements.inner(elements.xi).mean(1));
}

}  // namespace gluesweep::training
