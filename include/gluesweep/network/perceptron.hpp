#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace gluesweep::network {

/// Many small multilayer perceptrons xi -> N(xi) of one shape, each with weights of its own, evaluated and
/// differentiated together: `layers` hidden layers of `width` tanh neurons, then one linear output. Slopes
/// dN/dxi and gradients are explicit, so nothing is recorded and no step depends on what else is in a batch.
///
/// The weights of a network are one row of W numbers: w_1 (width), b_1 (width), then for each further hidden
/// layer w_l (width x width, row-major: to, from) and b_l (width), then the output's w (width) and b (1):
///   h_1 = tanh(w_1 xi + b_1),  h_l = tanh(w_l h_{l-1} + b_l),  N = w . h_L + b.
class Perceptron {
 public:
  Perceptron(int width, int layers);

  std::int64_t size() const { return size_; }  ///< W

  /// Weights to start from, (count, W), on the CPU: network k's are a function of (seed, k). The kinks
  /// -b_1 / w_1 are spread over [-1, 1], further layers keep the variance, and the output is 0 everywhere.
  at::Tensor initial(std::uint64_t seed, std::int64_t count) const;

  struct Output {
    at::Tensor value, slope;          ///< (N, m): N and dN/dxi
    std::vector<at::Tensor> neurons;  ///< per hidden layer (N, width, 2 m): h and dh/dxi side by side
    at::Tensor xi;                    ///< (N, m)
  };
  /// weights (N, W); xi (m), the same for all networks, or (N, m).
  Output forward(const at::Tensor& weights, const at::Tensor& xi) const;

  /// Gradient (N, W) of a function whose derivatives with respect to N and dN/dxi are given, (N, m) each.
  at::Tensor backward(const at::Tensor& weights, const Output& output, const at::Tensor& value_cotangent,
                      const at::Tensor& slope_cotangent) const;

 private:
  struct Layer {
    std::int64_t weight, bias;  // offsets in a row
  };
  at::Tensor matrix(const at::Tensor& weights, std::size_t layer) const;  // (N, width, width), a view

  std::int64_t width_;
  std::vector<Layer> hidden_;
  Layer output_;
  std::int64_t size_;
};

}  // namespace gluesweep::network
