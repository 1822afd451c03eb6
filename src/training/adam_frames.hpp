#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "adam.hpp"
#include "gluesweep/training/gauss_newton.hpp"
#include "gluesweep/training/solution.hpp"

namespace gluesweep::training {

/// Equation (1) in the ansatz of frames for a network per coefficient: constant k of patch p is
///   C = C0 + scale(xi) N(xi),
/// C0 the one of conventional matching and `scale` its natural unit (network/scale.hpp), both fixed. Network
/// K = p n + k. Residuals, all in relative change of the solution:
///   - dC/dxi - G dt/dxi at the samples, times the length of the region, 2; rows weighted by
///     rho / (1 + 2 |dG/dC| dt/dxi), rho being what an error made there costs (Frame::Response::weight,
///     carried to the end of the patch);
///   - the glue in the overlaps and the conditions.
/// The loss is the mean square over the samples, plus that over the ties times a weight. Row weights follow
/// the networks, but are not differentiated.
class FramesEquation : public PointwiseEquation {
 public:
  FramesEquation(const problem::System& system, const Points& points, const Scales& scales,
                 const Samples& samples);

  std::int64_t points() const override { return points_.count(); }
  std::int64_t networks() const override { return static_cast<std::int64_t>(system_.patches()) * n_; }
  std::int64_t sets() const override { return samples_.sets(); }
  at::Tensor places(std::int64_t set) const override;
  Loss loss(std::int64_t set, double progress, const at::Tensor& value,
            const at::Tensor& slope) const override;

 private:
  struct Patch {
    at::Tensor t, speed;          // (B, S, m)
    at::Tensor scale, log_slope;  // (B, n, S, m)
    at::Tensor offset;            // (B, n, 1)
    at::Tensor tie_xi, tie_t;     // (B, T), clamped to the region
    at::Tensor tie_scale;         // (B, n, T)
  };
  struct Target {
    at::Tensor value;               // (B, 1)
    std::vector<at::Tensor> owned;  // (B, 1) per patch: 1 where the condition stands in it
    int component;
  };
  /// A patch's state and its derivatives at some ties.
  struct Ties {
    problem::Frame::Response response;
    at::Tensor scale;  // (B, n, q)
    std::int64_t first, count;
  };

  Patch prepare(int patch, const network::Scale& scale, const at::Tensor& tie_x) const;
  void add_equation(int patch, std::int64_t set, const at::Tensor& value, const at::Tensor& slope,
                    Loss& loss) const;
  Ties ties(int patch, const at::Tensor& value, std::int64_t first, std::int64_t count) const;
  void add_cotangent(int patch, const Ties& ties, int component, const at::Tensor& of_state,
                     Loss& loss) const;
  void add_glue(int patch, const at::Tensor& value, Loss& loss) const;
  void add_condition(std::size_t condition, const at::Tensor& value, Loss& loss) const;

  const problem::System& system_;  // borrowed
  Points points_;
  Samples samples_;
  int n_;
  std::vector<Patch> patches_;
  std::vector<Target> conditions_;
};

}  // namespace gluesweep::training
