#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "gluesweep/network/elements.hpp"
#include "gluesweep/network/map.hpp"
#include "gluesweep/problem/matching.hpp"

namespace gluesweep::training {

using problem::Tensors;

/// Node values of the n constants of one patch: n tensors (B, N).
using Nodal = Tensors;

/// One patch's collocation nodes for a batch of points.
struct PatchGrid {
  network::Map map;
  at::Tensor t;      ///< (B, N) the variable
  at::Tensor speed;  ///< (B, N) dt/dxi
};

/// The sweep points of a batch laid out on collocation nodes: the same xi for all, x at each point's own
/// places.
struct Grid {
  const network::Elements* elements;  ///< borrowed
  std::vector<PatchGrid> patches;
};

/// The maps that follow from the regions: resolution at the hand-overs (over 2.5 overlaps), in the layer in
/// which a stiff first patch settles, and at the places that the problem asks to resolve.
std::vector<network::Map> make_maps(const problem::System& system, const Tensors& theta,
                                    const problem::Regions& regions, const problem::Matching& matching);

Grid make_grid(const problem::System& system, const std::vector<network::Map>& maps,
               const network::Elements& elements);

/// Number of terms in every map of a problem.
std::int64_t map_terms(const job::Problem& problem);

}  // namespace gluesweep::training
