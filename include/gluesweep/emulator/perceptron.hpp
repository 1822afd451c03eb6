#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gluesweep/emulator/regression.hpp"
#include "gluesweep/job/job.hpp"

namespace gluesweep::emulator {

/// A polynomial and a multilayer perceptron beside it:
/// poly(z) + W_L . h + b_L, h = tanh(W_l . h + b_l) for l = 1, ..., L - 1, from h = z.
class Perceptron final : public Regression {
 public:
  struct Layer {
    at::Tensor weight;  ///< (out, in)
    at::Tensor bias;    ///< (out)
  };
  Perceptron(std::vector<Layer> layers, at::Tensor exponents, at::Tensor coefficients);

  std::string kind() const override { return "perceptron"; }
  at::Tensor operator()(const at::Tensor& z) const override;
  std::vector<std::pair<std::string, at::Tensor>> arrays() const override;

 private:
  std::vector<Layer> layers_;
  at::Tensor exponents_, coefficients_;
};

struct PerceptronSettings {
  int width = 64;
  int hidden_layers = 2;
  int adam_steps = 1500;
  int lbfgs_steps = 500;
  /// Of the hidden layers behind the first, as those of a trunk.
  job::Network::Init init;
  std::uint64_t seed = 0;
};

/// Trains the layers on targets (N, q), weighted by what they are: the sum of all squared errors.
std::vector<Perceptron::Layer> fit_perceptron(const at::Tensor& z, const at::Tensor& targets,
                                              const PerceptronSettings& settings);

}  // namespace gluesweep::emulator
