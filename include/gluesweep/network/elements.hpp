#pragma once

#include <ATen/ATen.h>

namespace gluesweep::network {

/// Collocation elements on xi in [-1, 1]: `count` equal elements of `nodes` right-Radau nodes each (order 2s
/// - 1 at the element ends, stiffly accurate; Hairer & Wanner, Solving ODEs II, IV.5). Node 0 is xi = -1;
/// element e owns nodes 1 + e s .. (e+1) s, and its left end is the last node of the element before it.
struct Elements {
  Elements(int count, int nodes);

  int count;      ///< E
  int nodes;      ///< s
  double width;   ///< h = 2 / E
  at::Tensor xi;  ///< (N), N = E s + 1
  at::Tensor
      integration;  ///< (s, s): integral over [0, c_i] of the Lagrange polynomial j, per unit element width
  at::Tensor abscissae;  ///< (s + 1): 0, c_1, ..., c_s = 1
  at::Tensor
      continuation;  ///< (s, s + 1): values at the next element's nodes of the polynomial through these

  std::int64_t size() const { return static_cast<std::int64_t>(count) * nodes + 1; }

  /// The same on another device.
  Elements to(const at::Device& device) const;

  /// Values at an element's left end, (..., E), and at its own nodes, (..., E, s), of node values (..., N).
  /// Views.
  at::Tensor left(const at::Tensor& values) const;
  at::Tensor inner(const at::Tensor& values) const;

  /// Element-wise integrals from the left end to each node, h A f: (..., N) -> (..., E, s).
  at::Tensor integrate(const at::Tensor& values) const;

  /// Slopes dC/dxi at an element's own nodes, (..., E, s), of the polynomial through its s + 1 values.
  at::Tensor slopes(const at::Tensor& values) const;

  /// Collocation defects C_i - C_0 - h sum_j A_ij f_j of node values C with the slopes f = dC/dxi: (..., E,
  /// s).
  at::Tensor defect(const at::Tensor& values, const at::Tensor& slopes) const;

  /// Value at xi (B, m) of the piecewise polynomials through node values (B, N) or (B, r, N): (B, m) or (B,
  /// r, m).
  at::Tensor interpolate(const at::Tensor& values, const at::Tensor& where) const;
};

}  // namespace gluesweep::network
