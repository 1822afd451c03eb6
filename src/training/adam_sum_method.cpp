#include "adam_sum.hpp"
#include "gluesweep/network/perceptron.hpp"
#include "method.hpp"
#include "sum_solution.hpp"
#include "sum_start.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

constexpr std::int64_t sample_sets = 64;  // used in turn
constexpr int estimate_elements = 2;      // times network.elements

/// A network per coefficient and sweep point in the ansatz `sum`, all layers trained by Adam. It starts from
/// conventional matching, split into the sum; the split's sizes are the coefficients' scales.
class AdamSumMethod : public Method {
 public:
  AdamSumMethod(const job::Job& job, const problem::System& system, const at::Device& device)
      : system_(system),
        ansatz_(job.problem),
        settings_(job.training.adam),
        seed_(job.network.seed),
        perceptron_(settings_.width, settings_.layers),
        samples_{Samples::stratified(seed_, sample_sets + 1, settings_.points).xi.to(device)},
        elements_(network::Elements(job.network.elements, job.network.nodes).to(device)),
        finer_(network::Elements(job.network.elements * estimate_elements, job.network.nodes).to(device)) {}

  Outcome train(const Points& points, int rung) const override;
  std::int64_t head_features() const override { return perceptron_.size() + 1; }
  std::int64_t head_columns() const override { return ansatz_.constants(); }
  std::int64_t patches_per_map() const override { return system_.patches(); }
  std::int64_t peak_bytes() const override {
    const auto all = head_columns(), n = static_cast<std::int64_t>(system_.size());
    const auto neurons = static_cast<std::int64_t>(settings_.width) * settings_.layers * settings_.points;
    return 8 * all *
           (8 * perceptron_.size() + 8 * neurons + (2 * (sample_sets + 1) + 20 * n) * settings_.points);
  }

 private:
  const problem::System& system_;
  problem::SumAnsatz ansatz_;
  job::Adam settings_;
  std::uint64_t seed_;
  network::Perceptron perceptron_;
  Samples samples_;
  network::Elements elements_, finer_;
};

Outcome AdamSumMethod::train(const Points& points, int) const {
  const auto map = whole_map(points.maps);
  const auto grid = make_grid(system_, {map}, finer_).patches.front();
  Tensors held;
  for (const auto& constants : points.matching.constants) {
    for (const auto& value : constants) held.push_back(value.expand({-1, finer_.size()}).contiguous());
  }
  const auto start = split(system_, points, grid, held);
  const auto units = natural_units(system_, points, grid, held);
  const auto scale = balance(system_, ansatz_, points, grid, finer_, units, held, start);
  const auto offset = (at::stack(start, 1) / scale.at(finer_.xi)).mean(2, true);
  const SumEquation equation(system_, ansatz_, points, map, scale, offset, samples_);
  const auto fit = adam(equation, perceptron_, settings_, seed_, points.theta.front().options());

  const auto networks = [perceptron = perceptron_, weights = fit.weights, scale, offset](const Tensor& xi) {
    const auto all = weights.size(1);
    const auto places = xi.unsqueeze(1).expand({-1, all, -1}).flatten(0, 1);
    const auto value = perceptron.forward(weights.flatten(0, 1), places).value.unflatten(0, {-1, all});
    return scale.at(xi) * (offset + value);
  };
  return {std::make_shared<SumSolution>(system_, ansatz_, points, map, networks),
          &elements_,
          &finer_,
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
