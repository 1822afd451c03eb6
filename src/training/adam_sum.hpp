#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "adam.hpp"
#include "gluesweep/network/scale.hpp"
#include "gluesweep/problem/sum_ansatz.hpp"
#include "gluesweep/training/solution.hpp"
#include "row_weights.hpp"

namespace gluesweep::training {

/// The original equation in the ansatz `sum` for a network per coefficient, all over the whole domain:
///   C_k = scale_k(xi) (C0_k + N_k(xi)).
/// Residuals of the state's equation at the samples, in its error scales and times the length of the domain
/// in xi, 2, rows divided by 1 + 2 |J| dt/dxi, J the Jacobian of relative
/// errors; the conditions; and, because that is n equations for K
/// functions, the variation (dN_k/dxi)^2 with a weight that falls as the training proceeds.
class SumEquation : public PointwiseEquation {
 public:
  SumEquation(const problem::System& system, const problem::SumAnsatz& ansatz, const Points& points,
              const network::Map& map, const network::Scale& scale, const at::Tensor& offset,
              const Samples& samples);

  std::int64_t points() const override { return points_.count(); }
  std::int64_t networks() const override { return ansatz_.constants(); }
  std::int64_t sets() const override { return samples_.sets(); }
  at::Tensor places(std::int64_t set) const override;
  Loss loss(std::int64_t set, double progress, const at::Tensor& value,
            const at::Tensor& slope) const override;

 private:
  struct Target {
    at::Tensor value;  // (B, 1)
    int component;
  };
  void add_equation(std::int64_t set, const at::Tensor& value, const at::Tensor& slope, Loss& loss) const;
  void add_condition(std::size_t condition, const at::Tensor& value, Loss& loss) const;
  at::Tensor row_weights(const at::Tensor& t, const at::Tensor& speed, const Tensors& state) const;

  const problem::System& system_;     // borrowed
  const problem::SumAnsatz& ansatz_;  // borrowed
  Points points_;
  Samples samples_;
  StateScales scales_;
  at::Tensor offset_;             // (B, K, 1)
  at::Tensor t_, speed_;          // (B, S, m)
  at::Tensor scale_, log_slope_;  // (B, K, S, m)
  at::Tensor tie_xi_, tie_t_;     // (B, T)
  at::Tensor tie_scale_;          // (B, K, T)
  std::vector<Target> conditions_;
};

}  // namespace gluesweep::training
