#pragma once

#include <ATen/ATen.h>

#include "gluesweep/network/scale.hpp"
#include "gluesweep/problem/sum_ansatz.hpp"
#include "gluesweep/training/grid.hpp"
#include "gluesweep/training/solution.hpp"

namespace gluesweep::training {

/// Where the training of the ansatz `sum` starts and in which units. Coefficients are K = P n tensors (B, N)
/// at the nodes of one grid over the whole domain, numbered patch by patch.

/// The map over the whole domain: the terms of all patches' maps.
network::Map whole_map(const std::vector<network::Map>& maps);

/// The frames' constants, known at the nodes of their own regions' grid, at the nodes of the whole domain:
/// held outside their regions.
Tensors held_constants(const problem::System& system, const Grid& frames, const std::vector<Nodal>& nodes,
                       const PatchGrid& whole);

/// What changes the solution by its own size where each constant matters most on its patch's region: (B, K,
/// 1).
at::Tensor natural_units(const problem::System& system, const Points& points, const PatchGrid& grid,
                         const Tensors& held);

/// Splits a solution into the sum. From its owner to its neighbour a smooth partition w of the domain hands
/// each patch's share over: with r the size of the patch with held constants over that of the solution, the
/// patch keeps the share w r / (w + (1 - w) r) of the solution outside its own part of the domain (so that
/// one that dies out there does so with held constants), and the owner of a place takes the rest. A patch
/// that cannot be made small outside its own region cannot be split off.
Tensors split(const problem::System& system, const Points& points, const PatchGrid& grid,
              const Tensors& held);

/// The scales by which all coefficients matter alike over the whole domain: the size of the coefficient, less
/// where a smaller change moves the solution by its own size.
network::Scale balance(const problem::System& system, const problem::SumAnsatz& ansatz, const Points& points,
                       const PatchGrid& grid, const network::Elements& elements, const at::Tensor& units,
                       const Tensors& held, const Tensors& start);

}  // namespace gluesweep::training
