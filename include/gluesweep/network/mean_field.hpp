#pragma once

#include "gluesweep/network/activation.hpp"

namespace gluesweep::network {

/// The couplings between neighbouring layers of a wide network with random weights: z_l = W act(z_{l-1}) + b
/// with weights of variance sigma_w^2 / width and biases of variance sigma_b^2.
struct Couplings {
  double weight_variance;  ///< sigma_w^2
  double bias_variance;    ///< sigma_b^2; of an effective layer it may be negative
};

/// Averages over a neuron whose preactivation is Gaussian with mean 0 and variance q.
struct NeuronMoments {
  double mean;          ///< E[act]
  double square;        ///< E[act^2]
  double slope_square;  ///< E[act'^2]
};
NeuronMoments neuron_moments(Activation activation, double q);

/// Two inputs: the variances of their preactivations, and their correlation.
struct InputPair {
  double first, second;
  double correlation;
};

/// E[act(u) act(v)] of preactivations u, v.
double neuron_product(Activation activation, const InputPair& pair);

enum class Phase {
  ordered,    ///< chi_1 < 1: any two inputs become the same
  critical,   ///< chi_1 = 1: they do so by a power of the depth
  chaotic,    ///< chi_1 > 1: close inputs part
  divergent,  ///< the length grows without bound
};
const char* phase_name(Phase phase);

/// Where the maps of a network end after many layers. Depth scales are in layers; infinite at criticality.
struct FixedPoint {
  Phase phase;
  double q;                  ///< q*: infinite if the length diverges; the others are NaN then
  double c;                  ///< c*, the stable one
  double chi_1;              ///< slope of the correlation map at c = 1
  double length_depth;       ///< xi_q = -1 / ln |dq'/dq|
  double correlation_depth;  ///< xi_c = -1 / ln |dc'/dc| at c*
};

/// The limit of infinite width (Poole et al. 2016, arXiv 1606.05340; Schoenholz et al. 2017, arXiv
/// 1611.01232): how a layer maps the mean square q of its preactivations and, for two inputs, their
/// correlation c.
class MeanField {
 public:
  MeanField(Activation activation, Couplings couplings);

  /// q' = sigma_w^2 E[act(sqrt(q) z)^2] + sigma_b^2, and dq'/dq.
  double length(double q) const;
  double length_slope(double q) const;

  /// chi_1 = sigma_w^2 E[act'(sqrt(q) z)^2].
  double chi_1(double q) const;

  /// The same two inputs one layer further.
  InputPair next(const InputPair& pair) const;

  /// c' of two inputs that have the length q before and after, and dc'/dc: q is a fixed point.
  double correlation(double c, double q) const;
  double correlation_slope(double c, double q) const;

  /// The length that inputs of the length `start` come to; infinite where it grows without bound.
  double fixed_length(double start = 1.0) const;

  /// The fixed point that they come to.
  FixedPoint fixed_point(double start = 1.0) const;

 private:
  double covariance(const InputPair& pair) const;
  double fixed_correlation(double q) const;

  Activation activation_;
  Couplings couplings_;
};

/// The sigma_w with chi_1 = 1 at its fixed point q, which exists for every sigma_b >= 0. Where |length_slope|
/// exceeds 1, no network comes to that fixed point by itself: silu and gelu below smallest_stable_bias().
struct CriticalPoint {
  double sigma_w, q;
  double length_slope;  ///< dq'/dq there
};
CriticalPoint critical_point(Activation activation, double sigma_b);

/// The smallest sigma_b whose critical point is stable in length: 0 but for silu and gelu.
double smallest_stable_bias(Activation activation);

}  // namespace gluesweep::network
