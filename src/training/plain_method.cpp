#include "adam_tools.hpp"
#include "gluesweep/network/scale.hpp"
#include "method.hpp"
#include "plain.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

constexpr int head_extras = 3;  // base, unit, whether of the logarithm

/// A state from networks without patches. Its coefficients are the constants that express it.
class PlainSolution : public Solution {
 public:
  PlainSolution(const problem::System& system, const Points& points, const network::Perceptron& perceptron,
                const PlainState& variables, Tensor weights)
      : system_(system),
        points_(points),
        perceptron_(perceptron),
        variables_(variables),
        weights_(std::move(weights)) {}

  Evaluation evaluate(const Tensor& t, const std::vector<int>& patches) const override {
    Evaluation result;
    result.state = state(t);
    result.frames.resize(static_cast<std::size_t>(system_.patches()));
    for (const int p : patches) result.frames[static_cast<std::size_t>(p)] = constants(p, t, result.state);
    result.coefficients = result.frames;
    return result;
  }

  std::vector<Nodal> frame_nodes(const Grid& grid) const override {
    std::vector<Nodal> nodes;
    for (int p = 0; p < system_.patches(); ++p) {
      const auto& t = grid.patches[static_cast<std::size_t>(p)].t;
      nodes.push_back(constants(p, t, state(t)));
    }
    return nodes;
  }

 private:
  Tensors state(const Tensor& t) const {
    const std::int64_t n = system_.size();
    const auto xi = variables_.xi(system_.to_x(t)).clamp(-1.0, 1.0);
    const auto places = xi.unsqueeze(1).expand({-1, n, -1}).flatten(0, 1);
    return variables_.state(perceptron_.forward(weights_.flatten(0, 1), places).value.unflatten(0, {-1, n}));
  }

  Tensors constants(int patch, const Tensor& t, const Tensors& state) const {
    return expressed(system_, patch, points_, t, state,
                     points_.matching.constants[static_cast<std::size_t>(patch)]);
  }

  const problem::System& system_;  // borrowed
  Points points_;
  network::Perceptron perceptron_;
  PlainState variables_;
  Tensor weights_;  // (B, n, W)
};

/// A network per state component and sweep point, trained by Adam on the equation itself: no patches.
class PlainMethod : public Method {
 public:
  PlainMethod(const job::Job& job, const problem::System& system, const at::Device& device)
      : system_(system), problem_(job.problem), tools_(job, device) {}

  Outcome train(const Points& points, int rung) const override;
  std::int64_t head_features() const override { return tools_.perceptron.size() + head_extras; }
  std::int64_t head_columns() const override { return system_.size(); }
  std::int64_t peak_bytes(int) const override {
    return tools_.peak_bytes(head_columns(), 20 * system_.size());
  }

 private:
  const problem::System& system_;
  job::Problem problem_;
  AdamTools tools_;
};

Outcome PlainMethod::train(const Points& points, int) const {
  const auto options = points.theta.front().options();
  const PlainState variables(system_, problem_, points);
  const PlainEquation equation(system_, points, variables, tools_.samples);
  const auto fit = tools_.fit(equation, options);
  Tensors logarithmic;
  for (const auto& mask : variables.logarithmic) logarithmic.push_back(mask.to(at::kDouble));
  const auto row = [](const Tensors& values) { return at::cat(values, 1).unsqueeze(1); };
  const auto head =
      at::cat({fit.weights.transpose(1, 2), row(variables.base), row(variables.unit), row(logarithmic)}, 1);
  const auto constants = static_cast<std::int64_t>(system_.patches()) * system_.size();
  return {std::make_shared<PlainSolution>(system_, points, tools_.perceptron, variables, fit.weights),
          make_grid(system_, points.maps, tools_.elements),
          &tools_.finer,
          fit.residual,
          fit.iterations,
          fit.finite,
          head,
          packed_maps(points),
          at::full({points.count(), constants, network::Scale::terms}, NAN, options)};
}

}  // namespace

std::unique_ptr<Method> make_plain_method(const job::Job& job, const problem::System& system,
                                          const at::Device& device) {
  return std::make_unique<PlainMethod>(job, system, device);
}

}  // namespace gluesweep::training
