#include "gluesweep/problem/matching.hpp"

#include <cmath>

namespace gluesweep::problem {
namespace {

using at::Tensor;

Tensors owned_constants(const Tensors& solution, int patch, int n) {
  return {solution.begin() + patch * n, solution.begin() + (patch + 1) * n};
}

/// The residuals of matching and conditions for all constants at once, with their Jacobian: (B, nP), (B, nP,
/// nP).
struct MatchingEquations {
  Tensor residual, jacobian;
};

MatchingEquations equations(const System& system, const Tensors& theta, const Regions& regions,
                            const Tensors& constants) {
  const int n = system.size(), patches = system.patches();
  const auto points = theta.front().size(0);
  const auto unknowns = static_cast<std::int64_t>(n) * patches;
  Tensor residual = at::zeros({points, unknowns}, theta.front().options());
  Tensor jacobian = at::zeros({points, unknowns, unknowns}, theta.front().options());
  std::int64_t row = 0;
  const auto add = [&](std::int64_t at_row, int patch, const Frame::Response& response, int component,
                       double sign, const Tensor& mask) {
    const auto s = static_cast<std::size_t>(component);
    residual.select(1, at_row).add_((sign * mask * response.state[s]).squeeze(1));
    for (int k = 0; k < n; ++k) {
      jacobian.select(1, at_row)
          .select(1, patch * n + k)
          .add_(
              (sign * mask * response.jacobian[s * static_cast<std::size_t>(n) + static_cast<std::size_t>(k)])
                  .squeeze(1));
    }
  };
  const auto one = at::ones_like(theta.front());
  for (int p = 0; p + 1 < patches; ++p) {
    const auto t = system.to_t(regions.own_end(p));
    const auto before = system.frame(p).response(t, theta, owned_constants(constants, p, n));
    const auto after = system.frame(p + 1).response(t, theta, owned_constants(constants, p + 1, n));
    for (int i = 0; i < n; ++i, ++row) {
      add(row, p, before, i, 1.0, one);
      add(row, p + 1, after, i, -1.0, one);
    }
  }
  for (const auto& condition : system.conditions()) {
    const auto t = condition.where(theta);
    const auto x = system.to_x(t);
    for (int p = 0; p < patches; ++p) {
      const auto mask = regions.owned(p, x).to(at::kDouble);
      if (!mask.any().item<bool>()) continue;
      const auto at_place = at::where(mask > 0.0, t, system.to_t(regions.own_start(p)));
      add(row, p, system.frame(p).response(at_place, theta, owned_constants(constants, p, n)),
          condition.component, 1.0, mask);
    }
    residual.select(1, row).sub_(condition.target(theta).squeeze(1));
    ++row;
  }
  return {residual, jacobian};
}

/// Conditions at both ends couple all constants: one damped Newton iteration for all of them.
Matching match_globally(const System& system, const Tensors& theta, const Regions& regions) {
  const int n = system.size(), patches = system.patches();
  Tensors constants;
  for (int p = 0; p < patches; ++p) {
    for (auto& value : system.guess(p, theta)) constants.push_back(value);
  }
  Tensor factor = at::ones_like(theta.front()), size = at::full_like(factor, INFINITY);
  Tensors step(constants.size(), at::zeros_like(factor));
  Tensors trial = constants;
  Tensor settled = at::zeros_like(factor, factor.options().dtype(at::kBool));
  for (int i = 0; i < 60; ++i) {
    auto [residual, jacobian] = equations(system, theta, regions, trial);
    const auto rows = jacobian.abs().amax(2).clamp_min(1e-300);
    const auto scaled = residual / rows;
    const auto scaled_jacobian = jacobian / rows.unsqueeze(2);
    const auto columns = scaled_jacobian.abs().amax(1).clamp_min(1e-300);
    auto delta =
        std::get<0>(at::linalg_solve_ex(scaled_jacobian / columns.unsqueeze(1), -scaled.unsqueeze(2)));
    auto trial_size = delta.abs().amax(1);  // natural monotonicity, in units of what moves a row by one
    delta = delta.squeeze(2) / columns;
    trial_size = at::where(trial_size.isfinite(), trial_size, at::full_like(trial_size, INFINITY));
    const auto better = (trial_size < size) & ~settled;  // a point does not depend on how long others take
    for (std::size_t k = 0; k < constants.size(); ++k) {
      constants[k] = at::where(better, trial[k], constants[k]);
      step[k] = at::where(better, delta.narrow(1, static_cast<std::int64_t>(k), 1), step[k]);
    }
    factor = at::where(better, (2.0 * factor).clamp_max(1.0), 0.5 * factor);
    size = at::where(better, trial_size, size);
    settled = settled | (size < 1e-13) | (factor < 1e-6);
    if (settled.all().item<bool>()) break;
    for (std::size_t k = 0; k < constants.size(); ++k) trial[k] = constants[k] + factor * step[k];
  }
  Matching result;
  for (int p = 0; p < patches; ++p) result.constants.push_back(owned_constants(constants, p, n));
  result.solved = (size < 1e-6).squeeze(1);
  return result;
}

/// All conditions at the start: the first patch's constants follow from them, the next one's from continuity.
Matching match_forward(const System& system, const Tensors& theta, const Regions& regions) {
  const auto one = at::ones_like(theta.front());
  Matching result;
  result.solved = at::ones({one.size(0)}, one.options().dtype(at::kBool));
  Tensors state(static_cast<std::size_t>(system.size()));
  auto t = at::full_like(one, system.start());
  for (const auto& condition : system.conditions()) {
    state[static_cast<std::size_t>(condition.component)] = condition.target(theta);
  }
  for (int p = 0; p < system.patches(); ++p) {
    const auto guess = system.guess(p, theta);
    auto inverse = system.frame(p).invert(t, theta, state, guess);
    const auto good = inverse.error.isfinite();
    for (std::size_t k = 0; k < guess.size(); ++k) {
      inverse.constants[k] = at::where(good, inverse.constants[k], guess[k]);
    }
    result.solved = result.solved & good.squeeze(1);
    result.constants.push_back(inverse.constants);
    if (p + 1 < system.patches()) {
      t = system.to_t(regions.own_end(p));
      state = system.frame(p).state(t, theta, inverse.constants);
    }
  }
  return result;
}

}  // namespace

Tensor Regions::start(int patch) const {
  return patch == 0 ? own_start(0) : own_start(patch) - overlap.narrow(1, patch - 1, 1);
}

Tensor Regions::end(int patch) const {
  const bool last = patch + 2 == edge.size(1);
  return last ? own_end(patch) : own_end(patch) + overlap.narrow(1, patch, 1);
}

Tensor Regions::owned(int patch, const Tensor& x) const {
  const bool last = patch + 2 == edge.size(1);
  auto mask = at::ones_like(x, x.options().dtype(at::kBool));
  if (patch > 0) mask = mask & (x > own_start(patch));
  if (!last) mask = mask & (x <= own_end(patch));
  return mask;
}

Regions make_regions(const System& system, const Tensors& theta) {
  const int patches = system.patches();
  const double first = system.to_x(system.start()), last = system.to_x(system.end());
  const double least = smallest_share * (last - first);
  const auto one = at::ones_like(theta.front());
  Tensors edges{at::full_like(one, first)}, overlaps;
  for (int p = 0; p + 1 < patches; ++p) {
    const auto lowest = edges.back() + least;
    const double highest = last - (patches - 1 - p) * least;
    edges.push_back(at::minimum(at::maximum(system.to_x(system.hand_over(p, theta)), lowest),
                                at::full_like(one, highest)));
  }
  edges.push_back(at::full_like(one, last));
  Regions regions;
  regions.edge = at::cat(edges, 1);
  for (int p = 0; p + 1 < patches; ++p) {
    // An overlap stays inside its neighbours' own regions, at most half of them.
    auto most = 0.5 * at::minimum(regions.own_end(p) - regions.own_start(p),
                                  regions.own_end(p + 1) - regions.own_start(p + 1));
    overlaps.push_back(at::minimum(system.overlap(p, theta), most));
  }
  regions.overlap = overlaps.empty() ? at::zeros({one.size(0), 0}, one.options()) : at::cat(overlaps, 1);
  return regions;
}

Matching match(const System& system, const Tensors& theta, const Regions& regions) {
  return system.starts_with_all() ? match_forward(system, theta, regions)
                                  : match_globally(system, theta, regions);
}

Tensors matched_state(const System& system, const Tensors& theta, const Regions& regions,
                      const Matching& matching, const Tensor& t) {
  const auto x = system.to_x(t);
  Tensors state;
  for (int p = 0; p < system.patches(); ++p) {
    const auto own = system.frame(p).state(t, theta, matching.constants[static_cast<std::size_t>(p)]);
    if (p == 0) {
      state = own;
      continue;
    }
    const auto mask = regions.owned(p, x);
    for (std::size_t i = 0; i < state.size(); ++i) state[i] = at::where(mask, own[i], state[i]);
  }
  return state;
}

}  // namespace gluesweep::problem
