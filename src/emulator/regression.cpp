#include "gluesweep/emulator/regression.hpp"

#include <algorithm>

#include "gluesweep/emulator/chebyshev.hpp"
#include "gluesweep/emulator/gaussian_process.hpp"
#include "gluesweep/emulator/perceptron.hpp"
#include "gluesweep/job/error.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;
using Arrays = std::vector<std::pair<std::string, Tensor>>;

bool has(const Arrays& arrays, const std::string& name) {
  return std::any_of(arrays.begin(), arrays.end(), [&](const auto& array) { return array.first == name; });
}

/// An array by name, which must have these extents; -1: any.
Tensor take(const Arrays& arrays, const std::string& name, const std::vector<std::int64_t>& extents) {
  for (const auto& [own, values] : arrays) {
    if (own != name) continue;
    bool fits = values.dim() == static_cast<std::int64_t>(extents.size());
    for (std::size_t i = 0; fits && i < extents.size(); ++i) {
      fits = extents[i] < 0 || values.size(static_cast<std::int64_t>(i)) == extents[i];
    }
    if (fits) return values.contiguous();
    throw job::InputError("the array " + name + " of a regression has a shape that does not fit the others");
  }
  throw job::InputError("the array " + name + " of a regression is missing");
}

std::vector<Perceptron::Layer> layers_of(const Arrays& arrays, std::int64_t inputs, std::int64_t outputs) {
  std::vector<Perceptron::Layer> layers;
  for (int l = 1; has(arrays, "weight_" + std::to_string(l)); ++l) {
    const auto number = std::to_string(l);
    const auto weight = take(arrays, "weight_" + number, {-1, inputs});
    inputs = weight.size(0);
    layers.push_back({weight, take(arrays, "bias_" + number, {inputs})});
  }
  if (layers.empty() || inputs != outputs) {
    throw job::InputError("the layers of a regression do not lead to its outputs");
  }
  return layers;
}

}  // namespace

std::shared_ptr<const Regression> make_regression(const std::string& kind, const Arrays& arrays) {
  const auto exponents = take(arrays, "exponents", {-1, -1});
  const auto terms = exponents.size(0), axes = exponents.size(1);
  const auto coefficients = take(arrays, "coefficients", {terms, -1});
  const auto outputs = coefficients.size(1);
  if (terms == 0 || !((exponents >= 0.0) & (exponents <= 1.0e4)).all().item<bool>()) {
    throw job::InputError("the exponents of a regression are no small whole numbers");
  }
  if (kind == "chebyshev") return std::make_shared<Chebyshev>(exponents, coefficients);
  if (kind == "gaussian_process") {
    const auto places = take(arrays, "places", {-1, axes});
    GaussianProcess::Kernel kernel{places, take(arrays, "lengths", {axes}),
                                   take(arrays, "weights", {places.size(0), outputs})};
    return std::make_shared<GaussianProcess>(kernel, exponents, coefficients);
  }
  if (kind == "perceptron") {
    return std::make_shared<Perceptron>(layers_of(arrays, axes, outputs), exponents, coefficients);
  }
  throw job::InputError("there is no regression of the kind '" + kind +
                        "'; known are chebyshev, gaussian_process and perceptron");
}

}  // namespace gluesweep::emulator
