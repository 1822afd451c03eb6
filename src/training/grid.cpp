#include "gluesweep/training/grid.hpp"

#include <algorithm>

#include "gluesweep/training/phases.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

// Where all conditions stand at the start, a stiff frame begins with a layer of the width 1 / |dG/dC| in
// which the coefficients settle; it gets nodes in geometric progression. Where nothing is stiff the width is
// the domain's and the term is uniform, so that the map depends smoothly on the parameters.
constexpr double layer_beta = 1.0;

Tensor layer_width(const problem::System& system, const Tensors& theta, const problem::Regions& regions,
                   const problem::Matching& matching) {
  const auto t = at::full_like(theta.front(), system.start());
  const auto drift = system.frame(0).drift(t, theta, matching.constants.front());
  Tensor rate = (regions.end(0) - regions.start(0)).reciprocal();
  for (int k = 0; k < system.size(); ++k) {
    const auto own = drift.jacobian[static_cast<std::size_t>(k * (system.size() + 1))].abs();
    const auto per_x = system.log_scale() ? own * t : own;
    rate = at::maximum(rate, at::where(per_x.isfinite(), per_x, at::zeros_like(per_x)));
  }
  return rate.reciprocal();
}

// Nodes crowd around a hand-over over this many overlap half-widths on each side; beta = 2 gives a hand-over
// about as many nodes as the rest of the region.
constexpr double width_in_overlaps = 2.5;
constexpr double beta = 2.0;
constexpr double resolve_share = 0.02;  // width at a `resolve` place, of the region

PatchGrid patch_grid(const problem::System& system, const network::Map& map, const Tensor& xi) {
  const auto nodes = map.nodes(xi);
  const auto t = system.to_t(nodes.x);
  return {map, t, system.log_scale() ? t * nodes.slope : nodes.slope};
}

}  // namespace

std::int64_t map_terms(const job::Problem& problem) {
  std::size_t most = 0;
  for (std::size_t p = 0; p < problem.patches.size(); ++p) {
    // Two hand-overs, or one and the layer at the start.
    const std::size_t ends = p > 0 && p + 1 == problem.patches.size() ? 1u
                             : p == 0 && problem.patches.size() == 1  ? 1u
                                                                      : 2u;
    most = std::max(most, ends + problem.patches[p].resolve.size());
  }
  return static_cast<std::int64_t>(most);
}

std::vector<network::Map> make_maps(const problem::System& system, const Tensors& theta,
                                    const problem::Regions& regions, const problem::Matching& matching) {
  const int patches = system.patches();
  const auto one = at::ones_like(theta.front());
  struct Terms {
    Tensors centre, width, beta;
    void add(const Tensor& c, const Tensor& w, double mass) {
      centre.push_back(c);
      width.push_back(w);
      beta.push_back(at::full_like(c, mass));
    }
  };
  std::vector<Terms> all;
  std::size_t most = 0;
  for (int p = 0; p < patches; ++p) {
    Terms terms;
    const auto a = regions.start(p), b = regions.end(p);
    for (const int edge : {p, p + 1}) {
      if (edge == 0 || edge == patches) continue;
      terms.add(regions.edge.narrow(1, edge, 1), width_in_overlaps * regions.overlap.narrow(1, edge - 1, 1),
                beta);
    }
    if (p == 0) terms.add(a, layer_width(system, theta, regions, matching), layer_beta);
    for (const auto& place : system.resolve(p, theta)) {
      terms.add(at::minimum(at::maximum(system.to_x(place), a), b), resolve_share * (b - a), beta);
    }
    most = std::max(most, terms.centre.size());
    all.push_back(terms);
  }
  std::vector<network::Map> maps;
  for (int p = 0; p < patches; ++p) {
    auto& terms = all[static_cast<std::size_t>(p)];
    while (terms.centre.size() < most)
      terms.add(regions.start(p), one, 0.0);  // all patches store maps of one size
    maps.push_back({regions.start(p), regions.end(p), at::cat(terms.centre, 1), at::cat(terms.width, 1),
                    at::cat(terms.beta, 1)});
  }
  return maps;
}

Grid make_grid(const problem::System& system, const std::vector<network::Map>& maps,
               const network::Elements& elements) {
  const Timed timed(Phase::set_up);
  Grid grid{&elements, {}};
  for (const auto& map : maps) grid.patches.push_back(patch_grid(system, map, elements.xi));
  return grid;
}

}  // namespace gluesweep::training
