#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "gluesweep/network/trunk.hpp"

namespace gluesweep::emulator {

/// The coefficient networks of all modes as piecewise polynomials of xi, so that a curve costs one product of
/// its amplitudes with a matrix instead of all features at all of its places.
///
/// A row of numbers describes one curve: for each patch (elements, n, `terms`) coefficients of the powers of
/// the place in an element, u in [-1, 1].
class Tables {
 public:
  static constexpr int terms = 16;  ///< of a polynomial

  /// heads (r, F K), K = patches n; `weights` (r): how large the heads' amplitudes become. There are as many
  /// elements as it takes to represent the sum of all rows, so weighted, to `tolerance` in the constants'
  /// natural units, or as rounding allows.
  Tables(const network::Trunk& trunk, const at::Tensor& heads, const at::Tensor& weights,
         std::int64_t patches, std::int64_t constants, double tolerance);

  const at::Tensor& rows() const { return rows_; }  ///< (r, D')

  std::int64_t elements(std::int64_t patch) const {
    return patches_[static_cast<std::size_t>(patch)].elements;
  }
  std::int64_t offset(std::int64_t patch) const { return patches_[static_cast<std::size_t>(patch)].offset; }
  double error() const { return error_; }  ///< largest weighted error that was found between the nodes

 private:
  struct Patch {
    std::int64_t elements, offset;
  };
  std::vector<Patch> patches_;
  at::Tensor rows_;
  double error_ = 0.0;
};

}  // namespace gluesweep::emulator
