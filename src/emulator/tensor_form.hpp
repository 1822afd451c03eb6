#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "gluesweep/emulator/emulator.hpp"
#include "gluesweep/network/trunk.hpp"
#include "gluesweep/problem/matching.hpp"

namespace gluesweep::emulator {

/// The emulator's formulas as they are written in emulator.hpp, in operations that autograd can follow.
class TensorForm {
 public:
  /// All borrowed.
  TensorForm(const Emulator& emulator, const problem::System& system, const network::Trunk& trunk)
      : emulator_(emulator), system_(system), trunk_(trunk) {}

  at::Tensor solution(const at::Tensor& theta, const at::Tensor& t) const;      ///< (B, M, u)
  at::Tensor coefficients(const at::Tensor& theta, const at::Tensor& t) const;  ///< (B, M, K)

 private:
  struct Networks {
    at::Tensor maps, head, scale;  // (B, P, m), (B, F, K), (B, K, T)
  };
  problem::Tensors parameters(const at::Tensor& theta) const;
  Networks networks(const at::Tensor& theta) const;
  problem::Tensors constants(const Networks& networks, int patch, const at::Tensor& x) const;

  const Emulator& emulator_;
  const problem::System& system_;
  const network::Trunk& trunk_;
};

/// The layout at z, (B, P m + K T), with the exponentials of what the regression gives as logarithms.
at::Tensor layout_at(const Emulator& emulator, const at::Tensor& z);

}  // namespace gluesweep::emulator
