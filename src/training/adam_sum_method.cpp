#include "adam_sum.hpp"
#include "adam_tools.hpp"
#include "gluesweep/network/perceptron.hpp"
#include "method.hpp"
#include "sum_solution.hpp"
#include "sum_start.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

/// A network per coefficient and sweep point in the ansatz `sum`, all layers trained by Adam. It starts from
/// conventional matching, split into the sum; the split's sizes are the coefficients' scales.
class AdamSumMethod : public Method {
 public:
  AdamSumMethod(const job::Job& job, const problem::System& system, const at::Device& device)
      : system_(system), ansatz_(job.problem), tools_(job, device) {}

  Outcome train(const Points& points, int rung) const override;
  std::int64_t head_features() const override { return tools_.perceptron.size() + 1; }
  std::int64_t head_columns() const override { return ansatz_.constants(); }
  std::int64_t patches_per_map() const override { return system_.patches(); }
  std::int64_t peak_bytes(int) const override {
    return tools_.peak_bytes(head_columns(), 2 * (AdamTools::sample_sets + 1) + 20 * system_.size());
  }

 private:
  const problem::System& system_;
  problem::SumAnsatz ansatz_;
  AdamTools tools_;
};

Outcome AdamSumMethod::train(const Points& points, int) const {
  const auto map = whole_map(points.maps);
  const auto grid = make_grid(system_, {map}, tools_.finer).patches.front();
  Tensors held;
  for (const auto& constants : points.matching.constants) {
    for (const auto& value : constants) held.push_back(value.expand({-1, tools_.finer.size()}).contiguous());
  }
  const auto start = split(system_, points, grid, held);
  const auto units = natural_units(system_, points, grid, held);
  const auto scale = balance(system_, ansatz_, points, grid, tools_.finer, units, held, start);
  const auto offset = (at::stack(start, 1) / scale.at(tools_.finer.xi)).mean(2, true);
  const SumEquation equation(system_, ansatz_, points, map, scale, offset, tools_.samples);
  const auto fit = tools_.fit(equation, points.theta.front().options());

  const auto networks = [perceptron = tools_.perceptron, weights = fit.weights, scale,
                         offset](const Tensor& xi) {
    const auto all = weights.size(1);
    const auto places = xi.unsqueeze(1).expand({-1, all, -1}).flatten(0, 1);
    const auto value = perceptron.forward(weights.flatten(0, 1), places).value.unflatten(0, {-1, all});
    return scale.at(xi) * (offset + value);
  };
  return {std::make_shared<SumSolution>(system_, ansatz_, points, map, networks),
          make_grid(system_, points.maps, tools_.elements),
          &tools_.finer,
          fit.residual,
          fit.iterations,
          fit.finite,
          at::cat({fit.weights, offset}, 2).transpose(1, 2),
          map.packed().unsqueeze(1).expand({-1, system_.patches(), -1}),
          scale.coefficients};
}

}  // namespace

std::unique_ptr<Method> make_adam_sum_method(const job::Job& job, const problem::System& system,
                                             const at::Device& device) {
  return std::make_unique<AdamSumMethod>(job, system, device);
}

}  // namespace gluesweep::training
