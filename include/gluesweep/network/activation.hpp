#pragma once

#include <ATen/ATen.h>

#include <string>

#include "gluesweep/job/job.hpp"

namespace gluesweep::network {

using Activation = job::Network::Activation;

/// act(z) of the neurons' inputs, element by element:
///   tanh z;  sin z;  silu: z / (1 + exp(-z));  gelu: z (1 + erf(z / sqrt 2)) / 2;
///   selu: l z for z > 0 and l a (exp(z) - 1) otherwise, l = 1.0507..., a = 1.6732... (at::selu);  erf z.
at::Tensor activate(Activation activation, const at::Tensor& z);

/// act'(z). At its kink, z = 0, selu has the slope from below.
at::Tensor activation_slope(Activation activation, const at::Tensor& z);

/// The name in files: tanh, sin, silu, gelu, selu or erf.
std::string activation_name(Activation activation);

/// That of connections around a layer: none or residual.
std::string skip_name(job::Network::Skip skip);

}  // namespace gluesweep::network
