#include "gluesweep/network/representation.hpp"

#include <cmath>

namespace gluesweep::network {
namespace {

using at::Tensor;

constexpr int places_per_element = 9;
// Neither a node nor the middle, so that no symmetry helps.
constexpr double step_place = 0.137;

TestFunction step(const std::string& width, double size) {
  return {"step of width " + width, [size](const Tensor& xi) { return ((xi - step_place) / size).tanh(); }};
}

TestFunction decay(const std::string& width, double size) {
  return {"decay of width " + width, [size](const Tensor& xi) { return (-(xi + 1.0) / size).exp(); }};
}

TestFunction wave(int periods) {
  return {"wave of " + std::to_string(periods) + (periods == 1 ? " period" : " periods"),
          [periods](const Tensor& xi) { return (M_PI * periods * (xi - step_place)).sin(); }};
}

}  // namespace

FeatureSpectrum feature_spectrum(const Trunk& trunk, const Elements& elements) {
  const Tensor neurons = at::linalg_svdvals(trunk.neurons(elements.xi));
  const Tensor features = at::linalg_svdvals(trunk.features(elements.xi));
  return {neurons / neurons[0], trunk.size(), (features[0] / features[-1]).item<double>()};
}

const std::vector<TestFunction>& test_functions() {
  static const std::vector<TestFunction> all{
      step("1", 1.0),
      step("0.3", 0.3),
      step("0.1", 0.1),
      step("0.03", 0.03),
      step("0.01", 0.01),
      decay("1", 1.0),
      decay("0.1", 0.1),
      decay("0.03", 0.03),
      wave(1),
      wave(4),
      wave(16),
      {"bump of width 0.1",
       [](const Tensor& xi) { return (-0.5 * ((xi - step_place) / 0.1).square()).exp(); }},
      {"root", [](const Tensor& xi) { return (xi + 1.05).sqrt(); }}};
  return all;
}

Tensor fine_places(const Elements& elements) {
  return at::linspace(-1.0, 1.0, std::int64_t{places_per_element} * elements.count + 1, at::kDouble);
}

Tensor fit_errors(const Trunk& trunk, const Elements& elements, const Tensor& at_nodes,
                  const Tensor& at_places) {
  const auto [q, r] = at::linalg_qr(trunk.features(elements.xi));
  const Tensor heads = at::linalg_solve_triangular(r, at::matmul(q.t(), at_nodes), true);
  const Tensor difference = at::matmul(trunk.features(fine_places(elements)), heads) - at_places;
  return difference.abs().amax(0) / at_places.abs().amax(0);
}

}  // namespace gluesweep::network
