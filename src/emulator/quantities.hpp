#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "gluesweep/emulator/dataset.hpp"
#include "gluesweep/emulator/regression.hpp"
#include "split.hpp"

namespace gluesweep::emulator {

/// The scalars that can be learned, with what regressions are given: logarithms of those of one sign.
struct Quantities {
  std::vector<Scalar> scalars;
  at::Tensor values;   ///< (N, S)
  at::Tensor targets;  ///< (N, S)
  at::Tensor sizes;    ///< (S): what an error of one that changes its sign is relative to, 0 for others
};

/// Those that enough points have and that a polynomial fits to some percent: others are noise, or jump.
Quantities make_quantities(const Dataset& data, const Split& split);

/// Relative errors of what a regression gives at points (B) int64: (B, S).
at::Tensor scalar_errors(const Quantities& quantities, const at::Tensor& points, const at::Tensor& given);

/// By all points but the held-out ones.
std::shared_ptr<const Regression> fit_quantities(const Dataset& data, const Quantities& quantities,
                                                 const Split& split);

}  // namespace gluesweep::emulator
