#pragma once

#include <ATen/ATen.h>

#include <optional>

#include "gluesweep/training/grid.hpp"

namespace gluesweep::training {

// The loops over elements of march.cpp and correction.cpp, for batches on the CPU.

/// Newton's method on an element stops where the last step changed nothing by more than this, in units of the
/// constants' natural sizes: the step's square is what is left.
constexpr double small_newton_step = 1.0e-7;
constexpr int newton_steps = 25;
/// A first step larger than this means that the last element's polynomial leads nowhere: start from
/// constants.
constexpr double trusted_step = 0.1;

struct PatchMarch {
  at::Tensor values;  ///< (B, n, N)
  at::Tensor solved;  ///< (B) bool
  at::Tensor steps;   ///< (B) int32: Newton steps of the element that took most
};

/// From start and natural units of the constants, (B, n).
PatchMarch march_on_lanes(const problem::Frame& frame, const Tensors& theta,
                          const network::Elements& elements, const PatchGrid& patch, const at::Tensor& start,
                          const at::Tensor& units);

/// Chains the linearised elements: solutions (B, N, n, c) from c independent ones at the left end, (B, n, c),
/// the last m of which also take up `sources` (B, E, n, s, m); without sources the last one takes up the
/// defects of the node values.
at::Tensor chain_on_lanes(const problem::Frame& frame, const Tensors& theta,
                          const network::Elements& elements, const PatchGrid& patch, const Nodal& nodes,
                          const at::Tensor& left, const std::optional<at::Tensor>& sources);

}  // namespace gluesweep::training
