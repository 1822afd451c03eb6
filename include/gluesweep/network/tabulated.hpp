#pragma once

#include <ATen/ATen.h>

#include <optional>

#include "gluesweep/network/elements.hpp"
#include "gluesweep/network/trunk.hpp"

namespace gluesweep::network {

/// Many networks on one trunk at places of their own: a table of each network's values and interpolation, as
/// exact as the features' rounding, instead of all neurons afresh at every place. A trunk that no table of
/// reasonable size follows (a kink, or many layers of large weights) is evaluated after all.
class Tabulated {
 public:
  /// Starts from a table of so many elements and refines it until it gives the neurons.
  Tabulated(const Trunk& trunk, int elements);

  /// What values() needs of heads (B, n, F).
  at::Tensor prepared(const at::Tensor& heads) const;

  /// From prepared heads at xi (B, M) in [-1, 1]: (B, n, M).
  at::Tensor values(const at::Tensor& prepared, const at::Tensor& xi) const;

  std::int64_t size() const { return trunk_.size(); }  ///< F
  std::int64_t nodes() const { return table_ ? table_->size() : 0; }

 private:
  Trunk trunk_;
  std::optional<Elements> table_;
  at::Tensor features_;  // on its nodes
};

}  // namespace gluesweep::network
