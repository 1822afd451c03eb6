#pragma once

#include <ATen/ATen.h>

namespace gluesweep::network {

/// The smooth monotone map xi(x) of one patch's region [a, b] onto [-1, 1], per sweep point. Its density
///   d(x) = 1/L + sum_j beta_j / m_j / sqrt((x - c_j)^2 + w_j^2),   L = b - a,   m_j so that term j
///   integrates to beta_j,
/// puts collocation nodes and features where that point's own hand-overs are, so that one trunk serves all
/// points. Stored per point and patch as a, b, then (c, w, beta) for each j; a term with beta = 0 is padding.
struct Map {
  at::Tensor start, end;  ///< (B, 1): a, b in x
  at::Tensor centre;      ///< (B, K)
  at::Tensor width;       ///< (B, K), > 0
  at::Tensor beta;        ///< (B, K), >= 0

  at::Tensor xi(const at::Tensor& x) const;  ///< (B, m) -> (B, m); outside [a, b] it goes on smoothly

  struct Nodes {
    at::Tensor x;      ///< (B, N)
    at::Tensor slope;  ///< (B, N): dx/dxi
  };
  Nodes nodes(const at::Tensor& xi) const;  ///< xi (N) -> x and dx/dxi at every point's nodes

  at::Tensor packed() const;                      ///< (B, 2 + 3 K)
  static Map unpacked(const at::Tensor& packed);  ///< from (B, 2 + 3 K)

 private:
  struct Position {
    at::Tensor value, density;
  };
  Position position(const at::Tensor& x) const;  ///< integral of d from a to x, and d
  at::Tensor total() const;                      ///< (B, 1)
};

}  // namespace gluesweep::network
