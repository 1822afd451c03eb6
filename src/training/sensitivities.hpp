#pragma once

#include <ATen/ATen.h>

#include "gluesweep/problem/parameter_derivatives.hpp"
#include "gluesweep/training/result.hpp"
#include "gluesweep/training/solution.hpp"

namespace gluesweep::training {

/// The derivatives S = dC/dtheta of the coefficient functions by q parameters at fixed places. They obey
///   S' = (dG/dC) S + dG/dtheta,    J_p S_p + dPhi_p/dtheta = J_q S_q + dPhi_q/dtheta at a hand-over,
///   J S + dPhi/dtheta = d target/dtheta where a condition stands,
/// which are the linearised equations of training with other right-hand sides: the derivatives are as exact
/// as the collocation solution on `grid`, and no differences are taken.
class Sensitivities {
 public:
  Sensitivities(const problem::System& system, const problem::ParameterDerivatives& derivatives,
                const Points& points, const Grid& grid, const Solution& solution);

  std::int64_t parameters() const { return derivatives_.parameters(); }  ///< q

  /// dU/dtheta at t (B, m), any places of the domain: (n, q, B, m).
  at::Tensor state(const at::Tensor& t) const;

  /// dC/dtheta of a patch at xi (B, m): (n, q, B, m).
  at::Tensor constants(int patch, const at::Tensor& xi) const;

  /// The derivatives of what limits() gives, (P n, q, B), at the nodes of `trained` that it takes; they move
  /// with the hand-overs. `moves` per patch: dt/dtheta of the nodes (q, B, N).
  at::Tensor limits(const Grid& trained, const Tensors& moves) const;

  /// The derivatives of crossovers (P - 1, B), (P - 1, q, B): drift rates stay equal.
  at::Tensor crossovers(const at::Tensor& crossovers) const;

 private:
  /// dU/dtheta in the frame of a patch at places t = t(x) of its region, (n, q, B, m).
  at::Tensor in_frame(int patch, const at::Tensor& t, const at::Tensor& x) const;
  /// How the logarithm of a patch's drift size at t (B, 1) depends on the parameters, (q, B), and on t, (B).
  struct Drift {
    at::Tensor by_parameter, by_place;
  };
  Drift drift(int patch, const at::Tensor& t, const Tensors& constants, const at::Tensor& state) const;

  const problem::System& system_;  // all borrowed
  const problem::ParameterDerivatives& derivatives_;
  const Points& points_;
  const Grid& grid_;
  const Solution& solution_;
  std::vector<Nodal> nodes_;
  Tensors solved_;  // per patch (B, n q, N)
};

/// Fills the derivatives of a block's result. t (B, M) are the output points, `limits_by` (P n, q, B) what
/// Sensitivities::limits gives.
void add_sensitivities(const problem::System& system, const Points& points, const at::Tensor& t,
                       const problem::ParameterDerivatives& derivatives, const Sensitivities& sensitivities,
                       const at::Tensor& limits_by, BlockResult& result);

/// The same for nothing: no derivatives were asked for.
void add_no_sensitivities(BlockResult& result);

}  // namespace gluesweep::training
