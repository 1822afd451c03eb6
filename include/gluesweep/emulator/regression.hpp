#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gluesweep::emulator {

/// A smooth map z (B, p) in [-1, 1]^p -> (B, q), given by plain arrays. Kinds: "chebyshev" (a polynomial of
/// bounded total degree), "gaussian_process", "perceptron".
class Regression {
 public:
  virtual ~Regression() = default;
  virtual std::string kind() const = 0;
  virtual at::Tensor operator()(const at::Tensor& z) const = 0;                ///< differentiable by autograd
  virtual std::vector<std::pair<std::string, at::Tensor>> arrays() const = 0;  ///< as stored
};

std::shared_ptr<const Regression> make_regression(
    const std::string& kind, const std::vector<std::pair<std::string, at::Tensor>>& arrays);

}  // namespace gluesweep::emulator
