#pragma once

#include <ATen/ATen.h>

#include "gluesweep/network/trunk.hpp"

namespace gluesweep::network {

/// Heads on the features of one trunk, expressed in those of another: the same functions, as far as the other
/// has them. Two runs that make their trunks anew (on another kind of processor, from other pilot points)
/// have features of their own, whose heads do not compare before that.
class ChangeOfTrunk {
 public:
  /// By least squares on places all over the interval, several for each feature.
  ChangeOfTrunk(const Trunk& from, const Trunk& to);

  /// (..., F_from or more, K) -> (..., F_to, K); rows beyond the features are padding.
  at::Tensor heads(const at::Tensor& heads) const;

  /// The largest difference between the functions before and after, on places between those, in the unit of
  /// the heads' scale or of a function's largest value if that is larger: (...). Undefined where a head is.
  at::Tensor lost(const at::Tensor& heads) const;

 private:
  at::Tensor own_rows(const at::Tensor& heads) const { return heads.narrow(-2, 0, matrix_.size(1)); }

  at::Tensor matrix_;  // (F_to, F_from)
  at::Tensor before_;  // (M, F_from): the features
  at::Tensor lost_;    // (M, F_from): these less what becomes of them
};

}  // namespace gluesweep::network
