#include "gluesweep/emulator/perceptron.hpp"

#include <torch/optim/adam.h>
#include <torch/optim/lbfgs.h>

#include <cmath>

#include "gluesweep/emulator/chebyshev.hpp"
#include "gluesweep/network/mean_field.hpp"
#include "gluesweep/network/portable_random.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;
using Layers = std::vector<Perceptron::Layer>;

constexpr double learning_rate = 5.0e-3;

Tensor output_of(const Layers& layers, const Tensor& z) {
  Tensor h = z;
  for (std::size_t l = 0; l + 1 < layers.size(); ++l) {
    h = (at::matmul(h, layers[l].weight.t()) + layers[l].bias).tanh();
  }
  return at::matmul(h, layers.back().weight.t()) + layers.back().bias;
}

double weight_size(const job::Network::Init& init) {
  if (init.law != job::Network::Init::Law::critical) return init.sigma_w;
  return network::critical_point(network::Activation::tanh, init.sigma_b).sigma_w;
}

/// Uniform in +-sqrt(3 / inputs), or as `init` says behind the first layer.
Layers initial(std::int64_t inputs, std::int64_t outputs, const PerceptronSettings& settings) {
  network::PortableRandom random(settings.seed);
  const auto filled = [](Tensor values, const auto& draw) {
    auto* numbers = values.data_ptr<double>();
    for (std::int64_t i = 0; i < values.numel(); ++i) numbers[i] = draw();
    return values;
  };
  const auto fill = [&](Tensor values, double size) {
    return filled(values, [&] { return size * (2.0 * random.uniform() - 1.0); });
  };
  const auto normal = [&](Tensor values, double size) {
    return filled(values, [&] { return size * random.normal(); });
  };
  const bool gaussian = settings.init.law != job::Network::Init::Law::uniform;
  Layers layers;
  for (int l = 0; l <= settings.hidden_layers; ++l) {
    const auto in = l == 0 ? inputs : settings.width;
    const bool last = l == settings.hidden_layers;
    const auto out = last ? outputs : settings.width;
    if (gaussian && l > 0 && !last) {
      const double size = weight_size(settings.init) / std::sqrt(static_cast<double>(in));
      layers.push_back({normal(at::empty({out, in}, at::kDouble), size),
                        normal(at::empty({out}, at::kDouble), settings.init.sigma_b)});
      continue;
    }
    const double size = std::sqrt((l == 0 ? 9.0 : 3.0) / static_cast<double>(in));
    layers.push_back({fill(at::empty({out, in}, at::kDouble), last ? 0.1 * size : size),
                      fill(at::empty({out}, at::kDouble), last ? 0.0 : 1.0)});
  }
  return layers;
}

}  // namespace

Layers fit_perceptron(const Tensor& z, const Tensor& targets, const PerceptronSettings& settings) {
  const auto size = targets.square().sum(1).mean().sqrt().clamp_min(1e-300);
  auto layers = initial(z.size(1), targets.size(1), settings);
  std::vector<Tensor> parameters;
  for (auto& layer : layers) {
    for (auto* values : {&layer.weight, &layer.bias}) {
      values->set_requires_grad(true);
      parameters.push_back(*values);
    }
  }
  const auto wanted = targets / size;
  const auto loss_of = [&] { return (output_of(layers, z) - wanted).square().sum(1).mean(); };
  torch::optim::Adam adam(parameters, torch::optim::AdamOptions(learning_rate));
  for (int i = 0; i < settings.adam_steps; ++i) {
    const double progress = static_cast<double>(i) / settings.adam_steps;
    static_cast<torch::optim::AdamOptions&>(adam.param_groups()[0].options())
        .lr(learning_rate * 0.5 * (1.0 + std::cos(M_PI * progress)) + 1e-5);
    adam.zero_grad();
    loss_of().backward();
    adam.step();
  }
  torch::optim::LBFGS refined(parameters, torch::optim::LBFGSOptions(1.0)
                                              .max_iter(settings.lbfgs_steps)
                                              .history_size(50)
                                              .tolerance_grad(1e-14)
                                              .tolerance_change(1e-18)
                                              .line_search_fn("strong_wolfe"));
  refined.step([&] {
    refined.zero_grad();
    auto loss = loss_of();
    loss.backward();
    return loss;
  });
  for (auto& layer : layers) layer = {layer.weight.detach(), layer.bias.detach()};
  layers.back() = {layers.back().weight * size, layers.back().bias * size};
  return layers;
}

Perceptron::Perceptron(Layers layers, Tensor exponents, Tensor coefficients)
    : layers_(std::move(layers)), exponents_(std::move(exponents)), coefficients_(std::move(coefficients)) {}

Tensor Perceptron::operator()(const Tensor& z) const {
  return at::matmul(chebyshev_basis(z, exponents_), coefficients_) + output_of(layers_, z);
}

std::vector<std::pair<std::string, Tensor>> Perceptron::arrays() const {
  std::vector<std::pair<std::string, Tensor>> all{{"exponents", exponents_}, {"coefficients", coefficients_}};
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    all.emplace_back("weight_" + std::to_string(l + 1), layers_[l].weight);
    all.emplace_back("bias_" + std::to_string(l + 1), layers_[l].bias);
  }
  return all;
}

}  // namespace gluesweep::emulator
