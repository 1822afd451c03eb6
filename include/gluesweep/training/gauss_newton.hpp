#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "gluesweep/network/scale.hpp"
#include "gluesweep/network/trunk.hpp"
#include "gluesweep/training/grid.hpp"

namespace gluesweep::training {

/// Heads of a batch: per patch (B, n, F). Constant k of patch p at xi is scale_pk(xi) features(xi) .
/// head[p][:, k].
using Heads = std::vector<at::Tensor>;
using Scales = std::vector<network::Scale>;  ///< per patch

/// The scales that make all constants matter alike: the inverse of their weights (Frame::Response) along node
/// values.
Scales natural_scales(const problem::System& system, const Tensors& theta, const Grid& grid,
                      const std::vector<Nodal>& nodes);

struct Fit {
  Heads heads;
  at::Tensor defect;  ///< (B) largest weighted defect, gap or error of a condition, relative to the solution
  at::Tensor iterations;  ///< (B) int32
  at::Tensor finite;      ///< (B) bool: residuals stayed finite
};

struct FitOptions {
  double tolerance;  ///< stop where a step changes the solution by less than a hundredth of this
  int max_iterations;
};

/// Heads whose networks pass through the values at the nodes xi (N) as well as the trunk can: least squares
/// on its features there, (N, F), which are orthonormal.
Heads project(const at::Tensor& features, const at::Tensor& xi, const Scales& scales,
              const std::vector<Nodal>& nodes);

/// What the heads of a batch are trained on; everything is borrowed.
struct Trainees {
  const problem::System& system;
  const Tensors& theta;
  const problem::Regions& regions;
  const Grid& grid;
  const network::Trunk& trunk;
  const Scales& scales;
};

/// Trains all heads of a batch on equation (1): a Gauss-Newton (Levenberg-Marquardt) iteration on the
/// integral defects of all elements, the glue in the overlaps and the conditions, with a damping per point.
/// Rows are in relative change of the solution (Frame::Response::weight), stiff ones divided by 1 + h
/// |dG/dC|.
Fit gauss_newton(const Trainees& trainees, Heads heads, const FitOptions& options);

}  // namespace gluesweep::training
