#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gluesweep/emulator/regression.hpp"
#include "gluesweep/job/job.hpp"

namespace gluesweep::emulator {

/// A swept parameter and the range of its values that the emulator was fitted on.
/// z = 2 (g - g(low)) / (g(high) - g(low)) - 1 in [-1, 1], g the logarithm where `scale` says so.
struct Axis {
  std::string name;
  job::Scale scale = job::Scale::linear;
  double low = 0.0, high = 1.0;
  int parameter = 0;  ///< its place among the problem's parameters
};

/// A number per point: a derived quantity, limit or crossover of the sweep file.
struct Scalar {
  std::string name, unit, long_name;
  bool logarithm = false;  ///< the logarithm of its size is what the regression gives,
  bool negative = false;   ///< and it is negative everywhere
};

/// Errors of points that took no part in the fit, over the unknowns' magnitudes, as in the sweep file.
struct HeldOut {
  at::Tensor z;         ///< (H, p)
  at::Tensor solution;  ///< (H) largest over unknowns and output points
  at::Tensor scalars;   ///< (H, S) relative; NaN where the point has no such number
};

/// theta -> coefficient networks of a whole scan. Trunk and frames are those of the sweep: only what a
/// point's training gives, its head, is learned; so the asymptotics stay exact for every theta.
///
///   layout(z)     the parameters of the maps xi(x), (P, m), see network/map.hpp, then the constants' scales,
///                 (K, T), see network/scale.hpp, in one row; logarithms where layout_logarithm
///   head(theta) = mean + amplitudes(z) . modes        (F, K) in one row
///   C_k(xi)     = exp(sum_j scale_kj T_j(xi)) sum_f features_f(xi) head_fk
///   U(x)        = Phi_p(x; C_p(xi_p(x)); theta), p the patch that owns x
///
/// The layout is a smooth function near those of the sweep's points, and heads are the networks of their
/// coefficient functions in this layout: its being another one than theirs is no error.
struct Emulator {
  job::Job job;          ///< of the scan
  std::string job_text;  ///< resolved, as stored
  std::string job_hash, source, git_commit;
  std::vector<Axis> axes;
  std::vector<std::pair<std::string, at::Tensor>> trunk;  ///< as network::Trunk::arrays()
  std::int64_t features = 0, constants = 0, scale_terms = 0, patches = 0, map_parameters = 0;  ///< F K T P m
  at::Tensor mean;                                                                             ///< (F K)
  at::Tensor modes;                                                                            ///< (r, F K)
  at::Tensor layout_logarithm;  ///< (P m + K T) 0 or 1
  std::vector<Scalar> scalars;
  std::shared_ptr<const Regression> amplitudes;  ///< (B, p) -> (B, r)
  std::shared_ptr<const Regression> layout;      ///< (B, p) -> (B, P m + K T)
  std::shared_ptr<const Regression> quantities;  ///< (B, p) -> (B, S)
  at::Tensor training_z;                         ///< (N, p): where the fit has seen points
  double reach = 0.0;  ///< a z further than this from all of training_z is outside the domain
  HeldOut held_out;
};

/// z of physical values (B, p), one column an axis.
at::Tensor normalised(const std::vector<Axis>& axes, const at::Tensor& values);

/// Physical values of z (B, p).
at::Tensor physical(const std::vector<Axis>& axes, const at::Tensor& z);

}  // namespace gluesweep::emulator
