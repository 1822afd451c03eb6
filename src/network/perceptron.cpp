#include "gluesweep/network/perceptron.hpp"

#include <ATen/core/PhiloxRNGEngine.h>

#include <cmath>

namespace gluesweep::network {
namespace {

using at::Tensor;

/// Uniform numbers in (-1, 1), the same with every library version and on every machine.
class Uniform {
 public:
  Uniform(std::uint64_t seed, std::uint64_t stream) : engine_(seed, stream) {}
  double operator()() { return (static_cast<double>(engine_()) + 0.5) * 0x1.0p-31 - 1.0; }

 private:
  at::philox_engine engine_;
};

}  // namespace

Perceptron::Perceptron(int width, int layers) : width_(width) {
  std::int64_t next = 0;
  for (int l = 0; l < layers; ++l) {
    const std::int64_t matrix = l == 0 ? width_ : width_ * width_;
    hidden_.push_back({next, next + matrix});
    next += matrix + width_;
  }
  output_ = {next, next + width_};
  size_ = next + width_ + 1;
}

Tensor Perceptron::initial(std::uint64_t seed, std::int64_t count) const {
  Tensor weights = at::zeros({count, size_}, at::kDouble);
  auto table = weights.accessor<double, 2>();
  const double slope = static_cast<double>(width_) / 4.0;  // neighbours overlap by about four
  const double spread = std::sqrt(3.0 / static_cast<double>(width_));
  for (std::int64_t k = 0; k < count; ++k) {
    Uniform uniform(seed, static_cast<std::uint64_t>(k));
    for (std::int64_t i = 0; i < width_; ++i) {
      const double centre =
          (2.0 * static_cast<double>(i) + 1.0 + uniform()) / static_cast<double>(width_) - 1.0;
      const double own = (i % 2 == 0 ? 1.0 : -1.0) * slope * (1.0 + 0.5 * uniform());
      table[k][hidden_[0].weight + i] = own;
      table[k][hidden_[0].bias + i] = -own * centre;
    }
    for (std::size_t l = 1; l < hidden_.size(); ++l) {
      for (std::int64_t i = hidden_[l].weight; i < hidden_[l].bias; ++i) table[k][i] = spread * uniform();
      for (std::int64_t i = 0; i < width_; ++i) table[k][hidden_[l].bias + i] = uniform();
    }
  }
  return weights;
}

Tensor Perceptron::matrix(const Tensor& weights, std::size_t layer) const {
  return weights.narrow(1, hidden_[layer].weight, width_ * width_).unflatten(1, {width_, width_});
}

Perceptron::Output Perceptron::forward(const Tensor& weights, const Tensor& xi) const {
  const auto networks = weights.size(0), places = xi.size(-1);
  const auto column = [&](std::int64_t offset) { return weights.narrow(1, offset, width_).unsqueeze(2); };
  Output output;
  output.xi = xi.dim() == 1 ? xi.unsqueeze(0).expand({networks, places}) : xi;
  for (std::size_t l = 0; l < hidden_.size(); ++l) {
    Tensor neurons = at::empty({networks, width_, 2 * places}, weights.options());
    auto value = neurons.narrow(2, 0, places), slope = neurons.narrow(2, places, places);
    if (l == 0) {
      at::addcmul_out(value, column(hidden_[l].bias), column(hidden_[l].weight), output.xi.unsqueeze(1));
      value.tanh_();
      slope.copy_(column(hidden_[l].weight));
    } else {
      at::bmm_out(neurons, matrix(weights, l), output.neurons.back());
      value.add_(column(hidden_[l].bias)).tanh_();
    }
    slope.mul_(1.0 - value.square());
    output.neurons.push_back(neurons);
  }
  const auto row = weights.narrow(1, output_.weight, width_).unsqueeze(1);
  const auto both = at::bmm(row, output.neurons.back()).squeeze(1);
  output.value = both.narrow(1, 0, places) + weights.narrow(1, output_.bias, 1);
  output.slope = both.narrow(1, places, places);
  return output;
}

Tensor Perceptron::backward(const Tensor& weights, const Output& output, const Tensor& value_cotangent,
                            const Tensor& slope_cotangent) const {
  const auto networks = weights.size(0), places = output.xi.size(1);
  Tensor gradient = at::empty({networks, size_}, weights.options());
  const auto cotangents = at::cat({value_cotangent, slope_cotangent}, 1).unsqueeze(1);  // (N, 1, 2 m)
  gradient.narrow(1, output_.weight, width_)
      .copy_(at::bmm(output.neurons.back(), cotangents.transpose(1, 2)).squeeze(2));
  gradient.select(1, output_.bias).copy_(value_cotangent.sum(1));
  // d / d(h, dh/dxi) of the layer at hand.
  Tensor outer = weights.narrow(1, output_.weight, width_).unsqueeze(2) * cotangents;
  for (std::size_t l = hidden_.size(); l-- > 0;) {
    const auto value = output.neurons[l].narrow(2, 0, places),
               slope = output.neurons[l].narrow(2, places, places);
    // h = tanh z, h' = (1 - h^2) z': turn `outer` into d / d(z, z').
    auto of_value = outer.narrow(2, 0, places), of_slope = outer.narrow(2, places, places);
    const auto steepness = 1.0 - value.square();
    of_value.mul_(steepness).addcmul_(of_slope * slope, value, -2.0);
    of_slope.mul_(steepness);
    gradient.narrow(1, hidden_[l].bias, width_).copy_(of_value.sum(2));
    auto own = gradient.narrow(1, hidden_[l].weight, hidden_[l].bias - hidden_[l].weight);
    if (l == 0) {
      own.copy_(at::bmm(of_value, output.xi.unsqueeze(2)).squeeze(2) + of_slope.sum(2));
    } else {
      const auto& inner = output.neurons[l - 1];
      own.copy_(at::bmm(outer, inner.transpose(1, 2)).flatten(1));
      outer = at::bmm(matrix(weights, l).transpose(1, 2), outer);
    }
  }
  return gradient;
}

}  // namespace gluesweep::network
