#pragma once

#include <ATen/ATen.h>

#include "gluesweep/emulator/dataset.hpp"
#include "gluesweep/emulator/layout.hpp"
#include "gluesweep/emulator/regression.hpp"
#include "gluesweep/network/elements.hpp"
#include "gluesweep/network/tabulated.hpp"
#include "gluesweep/network/trunk.hpp"

namespace gluesweep::emulator {

/// The features of a scan's trunk, for networks at places of their own.
network::Tabulated tabulated(const network::Trunk& trunk);

LayoutShape layout_shape(const Dataset& data);

/// The points' maps (N, P, m) with regions that reach into their overlaps by this share of them.
at::Tensor wanted_maps(const Dataset& data, double share);

/// How far layouts, rows (B, P m + K T) for points (B) int64, are from the wanted ones, (B): up to 1 their
/// regions hold all that a patch owns, widths and scales are within a factor of 3. Infinite where they are
/// none.
at::Tensor layout_distance(const Dataset& data, double share, const at::Tensor& points,
                           const at::Tensor& rows);

/// The points' coefficient functions as networks in other layouts.
struct Reprojection {
  at::Tensor heads;   ///< (N, F K)
  at::Tensor missed;  ///< (N) what these networks cannot represent, as relative error of the solution
};
Reprojection reproject(const Dataset& data, const Regression& layout);

/// Proper orthogonal decomposition of heads (N, D). The features are orthonormal and the constants in units
/// of what changes the solution by its own size, so that distances of heads are relative errors of solutions.
struct Modes {
  at::Tensor mean;   ///< (D)
  at::Tensor modes;  ///< (r, D), orthonormal, the largest first
};
/// As many modes as leave, root mean square over heads, no more than `tolerance`.
Modes proper_modes(const at::Tensor& heads, double tolerance);

}  // namespace gluesweep::emulator
