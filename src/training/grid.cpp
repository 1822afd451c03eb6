#include "gluesweep/training/grid.hpp"

#include <algorithm>

namespace gluesweep::training {
namespace {

using at::Tensor;

// Nodes crowd around a hand-over over this many overlap half-widths on each side; beta = 2 gives a hand-over
// about as many nodes as the rest of the region.
constexpr double width_in_overlaps = 2.5;
constexpr double beta = 2.0;
constexpr double resolve_share = 0.05;  // width at a `resolve` place, of the region

PatchGrid patch_grid(const problem::System& system, const network::Map& map, const Tensor& xi) {
  const auto nodes = map.nodes(xi);
  const auto t = system.to_t(nodes.x);
  return {map, t, system.log_scale() ? t * nodes.slope : nodes.slope};
}

}  // namespace

std::int64_t map_terms(const job::Problem& problem) {
  std::size_t most = 0;
  for (std::size_t p = 0; p < problem.patches.size(); ++p) {
    const std::size_t ends = (p > 0 ? 1u : 0u) + (p + 1 < problem.patches.size() ? 1u : 0u);
    most = std::max(most, ends + problem.patches[p].resolve.size());
  }
  return static_cast<std::int64_t>(most);
}

std::vector<network::Map> make_maps(const problem::System& system, const Tensors& theta,
                                    const problem::Regions& regions) {
  const int patches = system.patches();
  const auto one = at::ones_like(theta.front());
  std::vector<Tensors> centres, widths;
  std::size_t most = 0;
  for (int p = 0; p < patches; ++p) {
    Tensors c, w;
    const auto a = regions.start(p), b = regions.end(p);
    for (const int edge : {p, p + 1}) {
      if (edge == 0 || edge == patches) continue;
      c.push_back(regions.edge.narrow(1, edge, 1));
      w.push_back(width_in_overlaps * regions.overlap.narrow(1, edge - 1, 1));
    }
    for (const auto& place : system.resolve(p, theta)) {
      c.push_back(at::minimum(at::maximum(system.to_x(place), a), b));
      w.push_back(system.log_scale() ? one : resolve_share * (b - a));
    }
    most = std::max(most, c.size());
    centres.push_back(c);
    widths.push_back(w);
  }
  std::vector<network::Map> maps;
  for (int p = 0; p < patches; ++p) {
    const auto s = static_cast<std::size_t>(p);
    Tensors betas(centres[s].size(), beta * one);
    while (centres[s].size() < most) {  // padding, so that all patches store maps of one size
      centres[s].push_back(regions.start(p));
      widths[s].push_back(one);
      betas.push_back(at::zeros_like(one));
    }
    const auto join = [&one](const Tensors& parts) {
      return parts.empty() ? at::zeros({one.size(0), 0}, one.options()) : at::cat(parts, 1);
    };
    maps.push_back({regions.start(p), regions.end(p), join(centres[s]), join(widths[s]), join(betas)});
  }
  return maps;
}

Grid make_grid(const problem::System& system, const std::vector<network::Map>& maps,
               const network::Elements& elements) {
  Grid grid{&elements, {}};
  for (const auto& map : maps) grid.patches.push_back(patch_grid(system, map, elements.xi));
  return grid;
}

Grid Grid::refined(const problem::System& system, const network::Elements& finer) const {
  Grid grid{&finer, {}};
  for (const auto& patch : patches) grid.patches.push_back(patch_grid(system, patch.map, finer.xi));
  return grid;
}

}  // namespace gluesweep::training
