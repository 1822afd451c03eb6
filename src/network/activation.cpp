#include "gluesweep/network/activation.hpp"

#include <cmath>
#include <stdexcept>

namespace gluesweep::network {
namespace {

using at::Tensor;

// Klambauer et al. 2017, as in LibTorch.
constexpr double selu_scale = 1.0507009873554804934193349852946;
constexpr double selu_alpha = 1.6732632423543772848170429916717;

const double two_over_root_pi = 2.0 / std::sqrt(M_PI);
const double one_over_root_two_pi = 1.0 / std::sqrt(2.0 * M_PI);

}  // namespace

Tensor activate(Activation activation, const Tensor& z) {
  switch (activation) {
    case Activation::tanh: return z.tanh();
    case Activation::sine: return z.sin();
    case Activation::silu: return z * z.sigmoid();
    case Activation::gelu: return 0.5 * z * (1.0 + (z * M_SQRT1_2).erf());
    case Activation::selu: return at::selu(z);
    case Activation::erf: return z.erf();
  }
  throw std::logic_error("an activation without a formula");
}

Tensor activation_slope(Activation activation, const Tensor& z) {
  switch (activation) {
    case Activation::tanh: return 1.0 - z.tanh().square();
    case Activation::sine: return z.cos();
    case Activation::silu: {
      const auto gate = z.sigmoid();
      return gate * (1.0 + z * (1.0 - gate));
    }
    case Activation::gelu:
      return 0.5 * (1.0 + (z * M_SQRT1_2).erf()) + z * one_over_root_two_pi * (-0.5 * z.square()).exp();
    case Activation::selu:
      return at::where(z > 0.0, at::full_like(z, selu_scale),
                       selu_scale * selu_alpha * z.clamp_max(0.0).exp());
    case Activation::erf: return two_over_root_pi * (-z.square()).exp();
  }
  throw std::logic_error("an activation without a slope");
}

std::string activation_name(Activation activation) {
  switch (activation) {
    case Activation::tanh: return "tanh";
    case Activation::sine: return "sin";
    case Activation::silu: return "silu";
    case Activation::gelu: return "gelu";
    case Activation::selu: return "selu";
    case Activation::erf: return "erf";
  }
  throw std::logic_error("an activation without a name");
}

std::string skip_name(job::Network::Skip skip) {
  return skip == job::Network::Skip::residual ? "residual" : "none";
}

}  // namespace gluesweep::network
