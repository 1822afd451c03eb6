#pragma once

#include "../../support/jobs.hpp"
#include "gluesweep/training/march.hpp"
#include "gluesweep/training/solution.hpp"

namespace gluesweep::training {

/// A problem laid out on elements, ready to march.
struct Layout {
  Layout(const job::Problem& problem, const at::Tensor& parameters, int count, int nodes)
      : system(problem),
        theta(test::columns_of(parameters)),
        regions(problem::make_regions(system, theta)),
        matching(problem::match(system, theta, regions)),
        elements(count, nodes),
        grid(make_grid(system, make_maps(system, theta, regions, matching), elements)) {}

  Layout(const Layout&) = delete;  // the grid borrows the elements
  Layout& operator=(const Layout&) = delete;

  /// State at x (B, m) from node values.
  Tensors state(const std::vector<Nodal>& nodes, const at::Tensor& x) const {
    Tensors result;
    for (int p = 0; p < system.patches(); ++p) {
      const auto s = static_cast<std::size_t>(p);
      const auto& map = grid.patches[s].map;
      const auto place = at::minimum(at::maximum(x, map.start), map.end);
      Tensors constants;
      for (const auto& values : nodes[s]) constants.push_back(elements.interpolate(values, map.xi(place)));
      const auto own = system.frame(p).state(system.to_t(place), theta, constants);
      const auto owned = regions.owned(p, x);
      for (std::size_t i = 0; i < own.size(); ++i) {
        if (p == 0)
          result.push_back(own[i]);
        else
          result[i] = at::where(owned, own[i], result[i]);
      }
    }
    return result;
  }

  /// The first solution of the collocation equations: by a march, or by Newton on all elements at once.
  March solve() const {
    return system.starts_with_all() ? march(system, theta, grid, matching)
                                    : relax(system, theta, regions, grid, matching);
  }

  Points points() const {
    Points all{theta, regions, {}, matching};
    for (const auto& patch : grid.patches) all.maps.push_back(patch.map);
    return all;
  }

  problem::System system;
  Tensors theta;
  problem::Regions regions;
  problem::Matching matching;
  network::Elements elements;
  Grid grid;
};

}  // namespace gluesweep::training
