#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "adam.hpp"
#include "gluesweep/training/solution.hpp"
#include "row_weights.hpp"

namespace gluesweep::training {

/// How networks N_i(xi), xi = -1 .. 1 linear in x over the whole domain, become the state. A component is
///   U_i = U0_i exp(unit_i N_i)   for an unknown whose error scale is its own size and whose condition's
///   value
///                                U0_i is not 0: over decades its logarithm is what a network can learn;
///   U_i = U0_i + unit_i N_i      for every other component, U0_i = 0 where it has no condition.
/// Units are the component's range (of its logarithm: at least 1) in conventional matching, which is more
/// than a network without patches has a right to know.
struct PlainState {
  PlainState(const problem::System& system, const job::Problem& problem, const Points& points);

  std::vector<at::Tensor> base, unit;   ///< n (B, 1) each
  std::vector<at::Tensor> logarithmic;  ///< n (B, 1) bool
  double start, width;                  ///< the domain in x

  at::Tensor xi(const at::Tensor& x) const { return 2.0 / width * (x - start) - 1.0; }
  Tensors state(const at::Tensor& value) const;  ///< networks (B, n, M) -> n tensors (B, M)
};

/// U' = f(t, U) at the samples, for V = log U or U: residuals dV/dxi - g dt/dxi in relative change of the
/// solution times the length of the domain, 2, rows divided by 1 + 2 |dg/dV| dt/dxi as in the ansatz of
/// frames; and the conditions. Network i is that of state component i.
class PlainEquation : public PointwiseEquation {
 public:
  PlainEquation(const problem::System& system, const Points& points, const PlainState& variables,
                const Samples& samples);

  std::int64_t points() const override { return points_.count(); }
  std::int64_t networks() const override { return system_.size(); }
  std::int64_t sets() const override { return samples_.sets(); }
  at::Tensor places(std::int64_t set) const override;
  Loss loss(std::int64_t set, double progress, const at::Tensor& value,
            const at::Tensor& slope) const override;

 private:
  struct Target {
    at::Tensor t, value;  // (B, 1)
    int component;
  };
  Tensors inputs(const at::Tensor& t, const Tensors& state) const;
  at::Tensor weights(const at::Tensor& t, const Tensors& state) const;
  void add_equation(std::int64_t set, const at::Tensor& value, const at::Tensor& slope, Loss& loss) const;
  void add_condition(std::size_t condition, const at::Tensor& value, Loss& loss) const;

  const problem::System& system_;  // borrowed
  Points points_;
  PlainState variables_;
  Samples samples_;
  StateScales scales_;
  at::Tensor unit_, logarithmic_;  // (B, n, 1); bool
  at::Tensor t_, speed_;           // (S, m)
  at::Tensor tie_xi_;              // (B, T)
  std::vector<Target> conditions_;
};

}  // namespace gluesweep::training
