#include "gluesweep/network/random_layers.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace gluesweep::network {

using at::Tensor;

RandomLayers::RandomLayers(const Sampling& sampling, int draw)
    : generator_(
          at::detail::createCPUGenerator(sampling.seed * 1000003ULL + static_cast<std::uint64_t>(draw))),
      width_(sampling.width) {}

// Drawn in single precision, which takes a third of the time; the digits beyond it are not random.
Tensor RandomLayers::normal(at::IntArrayRef shape) {
  return at::randn(shape, generator_, at::kFloat).to(at::kDouble);
}

RandomLayers::Layer RandomLayers::next(std::int64_t inputs) {
  if (!weight_.defined() || weight_.size(1) != inputs) {
    drawn_ = at::empty({width_, inputs}, at::kFloat);
    weight_ = at::empty({width_, inputs}, at::kDouble);
  }
  weight_.copy_(drawn_.normal_(0.0, 1.0, generator_)).div_(std::sqrt(static_cast<double>(inputs)));
  return {weight_, normal({width_})};
}

Tensor preactivation(const RandomLayers::Layer& layer, const Couplings& couplings, const Tensor& h) {
  return tangent(layer, couplings, h) + std::sqrt(couplings.bias_variance) * layer.bias;
}

Tensor tangent(const RandomLayers::Layer& layer, const Couplings& couplings, const Tensor& change) {
  return std::sqrt(couplings.weight_variance) * at::matmul(change, layer.weight.t());
}

Tensor overlap(const Tensor& first, const Tensor& second) {
  return (first * second).sum(-1) / (first.square().sum(-1) * second.square().sum(-1)).sqrt();
}

}  // namespace gluesweep::network
