#pragma once

#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

#include "gluesweep/job/job.hpp"
#include "gluesweep/network/elements.hpp"

namespace gluesweep::network {

using NamedArrays = std::vector<std::pair<std::string, at::Tensor>>;

/// Those whose names begin with a prefix, without it.
NamedArrays with_prefix(const NamedArrays& arrays, const std::string& prefix);

/// The shared hidden layers of all coefficient networks: F features of xi in [-1, 1].
///
/// The first layer is h(xi) = act(slope (xi - centre)), H neurons spread over the interval; each further
/// layer l = 2, ..., L is act(h W^T + b) with fixed random weights, or h + act(h W^T + b) / sqrt(L - 1) with
/// skip connections, so that all of them together add what one alone would. The last layer's neurons and the
/// constant 1 are mixed into F features that are orthonormal on the collocation nodes (mean square 1), those
/// of largest singular value: F is their numerical rank, and at most network.features + 1. Least squares on
/// them need no normal equations, and a Gauss-Newton step is well conditioned. All of it is fixed once by
/// `seed`; only the heads are trained.
class Trunk {
 public:
  Trunk(const job::Network& network, const Elements& elements);

  /// The trunk that arrays() described. Throws std::invalid_argument where some are missing or do not fit.
  /// Of `network` it takes activation and skip.
  Trunk(const job::Network& network, const NamedArrays& arrays);

  /// Features at xi of any shape (...): (..., F), on xi's device.
  at::Tensor features(const at::Tensor& xi) const;

  /// The last layer's neurons and the constant 1 at xi of any shape (...): (..., H + 1).
  at::Tensor neurons(const at::Tensor& xi) const;

  /// What the activation is applied to, layer by layer from the first: (..., H) each.
  std::vector<at::Tensor> preactivations(const at::Tensor& xi) const;

  std::int64_t size() const { return mixing_.size(1); }
  std::int64_t layers() const { return 1 + static_cast<std::int64_t>(weights_.size()); }
  std::int64_t width() const { return slope_.size(0); }
  job::Network::Activation activation() const { return activation_; }
  job::Network::Skip skip() const { return skip_; }

  /// A copy on another device.
  Trunk to(const at::Device& device) const;

  /// The defining arrays by name, as stored under /network: slope (H), centre (H), weight_l (H, H), bias_l
  /// (H), mixing (H+1, F). They may be overwritten in place (rank 0's values are broadcast, so that all ranks
  /// agree to the last bit even on different processors).
  NamedArrays arrays() const;

 private:
  at::Tensor first_preactivation(const at::Tensor& xi) const;
  at::Tensor preactivation(std::size_t layer, const at::Tensor& h) const;  // by weights_[layer] from h
  at::Tensor output(const at::Tensor& h, const at::Tensor& z) const;       // of a further layer

  job::Network::Activation activation_;
  job::Network::Skip skip_;
  at::Tensor slope_, centre_;
  std::vector<at::Tensor> weights_, biases_;
  at::Tensor mixing_;
};

}  // namespace gluesweep::network
