#pragma once

#include <ATen/ATen.h>

#include <utility>
#include <vector>

#include "gluesweep/network/layer_statistics.hpp"
#include "gluesweep/network/mean_field.hpp"
#include "gluesweep/network/random_layers.hpp"
#include "gluesweep/network/trunk.hpp"

namespace gluesweep::network {

/// A chain of equally coupled layers behind a trunk's first one.
struct Chain {
  Activation activation;
  Couplings couplings;
  job::Network::Skip skip = job::Network::Skip::none;
  double skip_scale = 1.0;  ///< residual: h + skip_scale act(z)
};

/// Mean squares q_l of the preactivations at m places and correlations c_l of k pairs of them, in the layers
/// l = 2, 3, ..., L.
struct DepthCurves {
  at::Tensor length;       ///< (L - 1, m)
  at::Tensor correlation;  ///< (L - 1, k)
};
using Pairs = std::vector<std::pair<int, int>>;

/// In the limit of infinite width, from the neurons of the first layer, (m, H).
DepthCurves predicted_curves(const Chain& chain, const at::Tensor& neurons, const Pairs& pairs, int layers);

/// Of a trunk itself at places xi (m).
DepthCurves trunk_curves(const Trunk& trunk, const at::Tensor& xi, const Pairs& pairs);

/// Of random networks behind the same first layer; with skip connections as wide as that.
struct SampledCurves {
  DepthCurves mean, error;  ///< over the draws, and its standard error
  DepthCurves spread;       ///< standard deviation of a single network
};
SampledCurves sampled_curves(const Chain& chain, const at::Tensor& neurons, const Pairs& pairs, int layers,
                             const Sampling& sampling);

}  // namespace gluesweep::network
