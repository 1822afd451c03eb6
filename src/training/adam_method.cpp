#include "adam_frames.hpp"
#include "adam_tools.hpp"
#include "method.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

/// A network per coefficient and sweep point, all layers trained by Adam on sampled residuals, as in the
/// paper (arXiv 2601.05889).
class AdamMethod : public Method {
 public:
  AdamMethod(const job::Job& job, const problem::System& system, const at::Device& device)
      : system_(system), tools_(job, device) {}

  Outcome train(const Points& points, int rung) const override;
  std::int64_t head_features() const override { return tools_.perceptron.size() + 1; }
  std::int64_t head_columns() const override {
    return static_cast<std::int64_t>(system_.patches()) * system_.size();
  }
  std::int64_t peak_bytes(int) const override {
    return tools_.peak_bytes(head_columns(), 2 * (AdamTools::sample_sets + 1) + 20 * system_.size());
  }

 private:
  const problem::System& system_;
  AdamTools tools_;
};

Outcome AdamMethod::train(const Points& points, int) const {
  const auto grid = make_grid(system_, points.maps, tools_.elements);
  std::vector<Nodal> matched;
  for (const auto& constants : points.matching.constants) {
    Nodal nodes;
    for (const auto& value : constants) nodes.push_back(value.expand({-1, tools_.elements.size()}));
    matched.push_back(nodes);
  }
  const auto scales = natural_scales(system_, points.theta, grid, matched);
  const FramesEquation equation(system_, points, scales, tools_.samples);
  const auto fit = tools_.fit(equation, points.theta.front().options());

  const auto networks = [perceptron = tools_.perceptron, n = system_.size(), weights = fit.weights, scales,
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
          make_grid(system_, points.maps, tools_.elements),
          &tools_.finer,
          fit.residual,
          fit.iterations,
          fit.finite,
          head,
          packed_maps(points),
          at::cat(coefficients, 1)};
}

}  // namespace

std::unique_ptr<Method> make_adam_method(const job::Job& job, const problem::System& system,
                                         const at::Device& device) {
  return std::make_unique<AdamMethod>(job, system, device);
}

}  // namespace gluesweep::training
