#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "gluesweep/network/layer_statistics.hpp"
#include "gluesweep/network/mean_field.hpp"
#include "gluesweep/network/random_layers.hpp"

namespace gluesweep::network {

/// The renormalization-group step of a deep network, in the picture of dynamic neurons (arXiv 2410.00396):
/// the neurons of all layers are degrees of freedom of a chain in which each layer is coupled to the one
/// before it. Integrating out every other layer leaves a chain of the others, coupled by the map of two
/// layers.
///
/// Its effective couplings are those of the one layer of the same activation that keeps the fixed length q*
/// and has the slope of the two-step map: with chi = chi_1 of the couplings before, chi^2 after,
///     sigma_w'^2 = chi^2 / E[act'^2],    sigma_b'^2 = q* - sigma_w'^2 E[act^2],
/// the averages over a preactivation of variance q*. sigma_b'^2 may come out below 0: then no real layer of
/// that activation parts close inputs so fast at that length, as happens deep in the chaotic phase.
struct FlowStep {
  Couplings couplings;
  double chi_1;
  double length;             ///< q*: stays
  double correlation_depth;  ///< -1 / |ln chi_1|: halved by a step, infinite at criticality
};

/// The couplings (step 0) and those after each step, in the limit of infinite width. Empty where the length
/// diverges.
std::vector<FlowStep> mean_field_flow(Activation activation, const Couplings& couplings, int steps);

/// The same from random networks: q, E[act^2], E[act'^2] of the layers that remain, and as slope the growth
/// of small changes over the layers between them. Nothing of the theory enters but the length to start from.
struct SampledFlow {
  Estimates weight_variance, bias_variance, chi_1, length;  ///< (steps + 1) each
};
SampledFlow sampled_flow(Activation activation, const Couplings& couplings, int steps,
                         const Sampling& sampling);

/// How two layers map the correlation c of inputs that have the length q*, (k) each.
struct TwoStepMap {
  at::Tensor correlation;  ///< before
  at::Tensor composed;     ///< the map of one layer, twice
  at::Tensor effective;    ///< the map of one layer with the decimated couplings
  Estimates sampled;       ///< of random networks of two layers
};
TwoStepMap two_step_map(Activation activation, const Couplings& couplings, const Sampling& sampling);

}  // namespace gluesweep::network
