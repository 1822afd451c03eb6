#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "gluesweep/network/mean_field.hpp"

namespace gluesweep::network {

/// Networks with random weights that are drawn for a measurement: how many and how wide.
struct Sampling {
  std::int64_t width;
  int draws;  ///< independent networks, whose scatter gives the errors
  std::uint64_t seed;
};

/// The layers of one such network, drawn as they are needed.
class RandomLayers {
 public:
  /// Network `draw` of a sampling: equal for equal seed, draw and width.
  RandomLayers(const Sampling& sampling, int draw);

  /// Standard normal numbers.
  at::Tensor normal(at::IntArrayRef shape);

  struct Layer {
    at::Tensor weight;  ///< (width, n): of variance 1 / n
    at::Tensor bias;    ///< (width): of variance 1
  };
  /// A layer with n inputs, until the next one is drawn: it takes the same memory.
  Layer next(std::int64_t inputs);

 private:
  at::Generator generator_;
  std::int64_t width_;
  at::Tensor drawn_, weight_;  // (width, n), in single and in double precision
};

/// z of a layer with given couplings: neurons h (..., n) -> (..., width).
at::Tensor preactivation(const RandomLayers::Layer& layer, const Couplings& couplings, const at::Tensor& h);

/// The same of small changes of h: without the bias.
at::Tensor tangent(const RandomLayers::Layer& layer, const Couplings& couplings, const at::Tensor& change);

/// Correlations sum z z' / sqrt(sum z^2 sum z'^2) of vectors along the last dimension.
at::Tensor overlap(const at::Tensor& first, const at::Tensor& second);

}  // namespace gluesweep::network
