#include "gluesweep/network/trunk.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "gluesweep/network/activation.hpp"
#include "gluesweep/network/mean_field.hpp"
#include "gluesweep/network/portable_random.hpp"

namespace gluesweep::network {
namespace {

using at::Tensor;

double sigma_w(const job::Network& network) {
  if (network.init.law != job::Network::Init::Law::critical) return network.init.sigma_w;
  return critical_point(network.activation, network.init.sigma_b).sigma_w;
}

// Neurons turn over a width of 2 / slope in xi; these values fitted the coefficient functions of the shipped
// problems best: wide enough to overlap many neighbours, narrow enough to follow a hand-over.
constexpr double slope_per_root_neuron = 0.9;
constexpr double margin = 1.08;  // centres reach a little beyond the interval
// Combinations of neurons below this are mostly rounding: with 1e-13 training takes twice the iterations,
// with 1e-9 the errors grow tenfold.
constexpr double rank_tolerance = 1.0e-11;

struct FurtherLayer {
  Tensor weight, bias;
};

FurtherLayer further_layer(const job::Network& network, PortableRandom& random) {
  const int width = network.neurons();
  FurtherLayer layer{at::empty({width, width}, at::kDouble), at::empty({width}, at::kDouble)};
  const auto fill = [](const Tensor& values, double size, const auto& draw) {
    auto* numbers = values.data_ptr<double>();
    for (std::int64_t i = 0; i < values.numel(); ++i) numbers[i] = size * draw();
  };
  if (network.init.law == job::Network::Init::Law::uniform) {
    const auto draw = [&random] { return 2.0 * random.uniform() - 1.0; };
    fill(layer.weight, std::sqrt(3.0 / width), draw);  // unit variance of a sum of weights
    fill(layer.bias, 1.0, draw);
  } else {
    const auto draw = [&random] { return random.normal(); };
    fill(layer.weight, sigma_w(network) / std::sqrt(static_cast<double>(width)), draw);
    fill(layer.bias, network.init.sigma_b, draw);
  }
  return layer;
}

}  // namespace

Trunk::Trunk(const job::Network& network, const Elements& elements)
    : activation_(network.activation), skip_(network.skip) {
  const int neurons_count = network.neurons();
  PortableRandom random(network.seed);
  slope_ = at::empty({neurons_count}, at::kDouble);
  centre_ = at::empty({neurons_count}, at::kDouble);
  auto slope = slope_.accessor<double, 1>();
  auto centre = centre_.accessor<double, 1>();
  const double steepness = slope_per_root_neuron * std::sqrt(static_cast<double>(neurons_count));
  for (int i = 0; i < neurons_count; ++i) {
    centre[i] = margin * (2.0 * (i + random.uniform()) / neurons_count - 1.0);
    slope[i] = steepness * (0.5 + random.uniform());
  }
  for (int layer = 1; layer < network.layers; ++layer) {
    auto [weight, bias] = further_layer(network, random);
    weights_.push_back(weight);
    biases_.push_back(bias);
  }
  const Tensor raw = neurons(elements.xi);
  const auto [left, values, right] = at::linalg_svd(raw, false);
  const auto rank = std::min<std::int64_t>((values > rank_tolerance * values[0]).sum().item<std::int64_t>(),
                                           network.features + 1);
  mixing_ = (right.narrow(0, 0, rank).t() / values.narrow(0, 0, rank) *
             std::sqrt(static_cast<double>(elements.size())))
                .contiguous();
}

NamedArrays with_prefix(const NamedArrays& arrays, const std::string& prefix) {
  NamedArrays chosen;
  for (const auto& [name, values] : arrays) {
    if (name.compare(0, prefix.size(), prefix) == 0) chosen.emplace_back(name.substr(prefix.size()), values);
  }
  return chosen;
}

Trunk::Trunk(const job::Network& network, const NamedArrays& arrays)
    : activation_(network.activation), skip_(network.skip) {
  const auto find = [&arrays](const std::string& name, at::IntArrayRef shape) {
    for (const auto& [known, values] : arrays) {
      if (known == name && values.sizes() == shape) return values;
    }
    throw std::invalid_argument("a trunk needs an array " + name + " of its shape");
  };
  for (const auto& [name, values] : arrays) {
    if (name == "slope") slope_ = values;
    if (name == "mixing") mixing_ = values;
  }
  if (!slope_.defined() || slope_.dim() != 1 || !mixing_.defined() || mixing_.dim() != 2) {
    throw std::invalid_argument("a trunk needs the arrays slope and mixing");
  }
  const auto neurons = slope_.size(0);
  centre_ = find("centre", {neurons});
  mixing_ = find("mixing", {neurons + 1, mixing_.size(1)});
  const auto further = (static_cast<std::int64_t>(arrays.size()) - 3) / 2;
  for (std::int64_t layer = 2; layer < 2 + further; ++layer) {
    weights_.push_back(find("weight_" + std::to_string(layer), {neurons, neurons}));
    biases_.push_back(find("bias_" + std::to_string(layer), {neurons}));
  }
}

Tensor Trunk::first_preactivation(const Tensor& xi) const { return (xi.unsqueeze(-1) - centre_) * slope_; }

Tensor Trunk::preactivation(std::size_t layer, const Tensor& h) const {
  return at::matmul(h, weights_[layer].t()) + biases_[layer];
}

Tensor Trunk::output(const Tensor& h, const Tensor& z) const {
  const auto own = activate(activation_, z);
  if (skip_ == job::Network::Skip::none) return own;
  return h + own / std::sqrt(static_cast<double>(weights_.size()));
}

Tensor Trunk::neurons(const Tensor& xi) const {
  Tensor h = activate(activation_, first_preactivation(xi));
  for (std::size_t layer = 0; layer < weights_.size(); ++layer) h = output(h, preactivation(layer, h));
  auto shape = h.sizes().vec();
  shape.back() = 1;
  return at::cat({h, at::ones(shape, h.options())}, -1);
}

std::vector<Tensor> Trunk::preactivations(const Tensor& xi) const {
  std::vector<Tensor> all{first_preactivation(xi)};
  Tensor h = activate(activation_, all.front());
  for (std::size_t layer = 0; layer < weights_.size(); ++layer) {
    all.push_back(preactivation(layer, h));
    h = output(h, all.back());
  }
  return all;
}

Tensor Trunk::features(const Tensor& xi) const { return at::matmul(neurons(xi), mixing_); }

Trunk Trunk::to(const at::Device& device) const {
  Trunk copy = *this;
  copy.slope_ = slope_.to(device);
  copy.centre_ = centre_.to(device);
  copy.mixing_ = mixing_.to(device);
  for (auto& weight : copy.weights_) weight = weight.to(device);
  for (auto& bias : copy.biases_) bias = bias.to(device);
  return copy;
}

NamedArrays Trunk::arrays() const {
  NamedArrays all{{"slope", slope_}, {"centre", centre_}};
  for (std::size_t layer = 0; layer < weights_.size(); ++layer) {
    all.emplace_back("weight_" + std::to_string(layer + 2), weights_[layer]);
    all.emplace_back("bias_" + std::to_string(layer + 2), biases_[layer]);
  }
  all.emplace_back("mixing", mixing_);
  return all;
}

}  // namespace gluesweep::network
