#include "adam_frames.hpp"
#include "method.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

constexpr std::int64_t sample_sets = 64;  // used in turn
constexpr int estimate_elements = 2;      // times network.elements

/// A network per coefficient and sweep point, all layers trained by Adam on sampled residuals, as in the
/// paper (arXiv 2601.05889).
class AdamMethod : public Method {
 public:
  AdamMethod(const job::Job& job, const problem::System& system, const at::Device& device)
      : system_(system),
        settings_(job.training.adam),
        seed_(job.network.seed),
        perceptron_(settings_.width, settings_.layers),
        samples_{Samples::stratified(seed_, sample_sets + 1, settings_.points).xi.to(device)},
        elements_(network::Elements(job.network.elements, job.network.nodes).to(device)),
        finer_(network::Elements(job.network.elements * estimate_elements, job.network.nodes).to(device)) {}

  Outcome train(const Points& points, int rung) const override;
  std::int64_t head_features() const override { return perceptron_.size() + 1; }
  std::int64_t head_columns() const override {
    return static_cast<std::int64_t>(system_.patches()) * system_.size();
  }
  std::int64_t peak_bytes() const override;

 private:
  const problem::System& system_;
  job::Adam settings_;
  std::uint64_t seed_;
  network::Perceptron perceptron_;
  Samples samples_;
  network::Elements elements_, finer_;
};

Outcome AdamMethod::train(const Points& points, int) const {
  const auto grid = make_grid(system_, points.maps, elements_);
  std::vector<Nodal> matched;
  for (const auto& constants : points.matching.constants) {
    Nodal nodes;
    for (const auto& value : constants) nodes.push_back(value.expand({-1, elements_.size()}));
    matched.push_back(nodes);
  }
  const auto scales = natural_scales(system_, points.theta, grid, matched);
  const FramesEquation equation(system_, points, scales, samples_);
  const auto fit = adam(equation, perceptron_, settings_, seed_, points.theta.front().options());

  const auto networks = [perceptron = perceptron_, n = system_.size(), weights = fit.weights, scales,
                         constants = points.matching.constants](int patch, const Tensor& xi) {
    const auto p = static_cast<std::size_t>(patch);
    const auto own = weights.narrow(1, static_cast<std::int64_t>(patch) * n, n);
    const auto places = xi.dim() == 1 ? xi : xi.unsqueeze(1).expand({-1, n, -1}).flatten(0, 1);
    const auto value = perceptron.forward(own.flatten(0, 1), places).value.unflatten(0, {-1, n});
    return (at::stack(constants[p], 1) + scales[p].at(xi) * value).unbind(1);
  };
  Tensors offsets, coefficients;
  for (const auto& constants : points.matching.constants) {
    offsets.insert(offsets.end(), constants.begin(), constants.end());
  }
  for (const auto& scale : scales) coefficients.push_back(scale.coefficients);
  const auto head = at::cat({fit.weights.transpose(1, 2), at::cat(offsets, 1).unsqueeze(1)}, 1);
  return {std::make_shared<FramesSolution>(system_, points, networks),
          &elements_,
          &finer_,
          fit.residual,
          fit.iterations,
          fit.finite,
          head,
          packed_maps(points),
          at::cat(coefficients, 1)};
}

/// Weights with Adam's moments, neurons and their cotangents, and the equation's arrays at all samples.
std::int64_t AdamMethod::peak_bytes() const {
  const std::int64_t n = system_.size();
  const auto neurons = static_cast<std::int64_t>(settings_.width) * settings_.layers * settings_.points;
  return 8 * head_columns() *
         (8 * perceptron_.size() + 8 * neurons + (2 * (sample_sets + 1) + 20 * n) * settings_.points);
}

}  // namespace

std::unique_ptr<Method> make_adam_method(const job::Job& job, const problem::System& system,
                                         const at::Device& device) {
  return std::make_unique<AdamMethod>(job, system, device);
}

}  // namespace gluesweep::training
