#include "gluesweep/problem/parameter_derivatives.hpp"

#include <utility>

#include "frame_compiler.hpp"

namespace gluesweep::problem {
namespace {

using at::Tensor;

/// The outputs of a tape on (t, theta, constants), all in the shape of t.
Tensors evaluated(const Tape& tape, const Tensor& t, const Tensors& theta, const Tensors& constants) {
  Tensors inputs{t};
  inputs.insert(inputs.end(), theta.begin(), theta.end());
  inputs.insert(inputs.end(), constants.begin(), constants.end());
  auto values = tape(inputs);
  for (auto& value : values) value = value.expand_as(t);
  return values;
}

Tensors per_point(const Tape& tape, const Tensors& inputs) {
  auto values = tape(inputs);
  for (auto& value : values) value = value.expand_as(inputs.front());
  return values;
}

}  // namespace

FrameDerivatives::FrameDerivatives(int size, int parameters, Tape state, Tape rate, Tape drift, Tape own_rate)
    : size_(size),
      parameters_(parameters),
      state_(std::move(state)),
      rate_(std::move(rate)),
      drift_(std::move(drift)),
      own_rate_(std::move(own_rate)) {}

Tensors FrameDerivatives::state(const Tensor& t, const Tensors& theta, const Tensors& constants) const {
  return evaluated(state_, t, theta, constants);
}

Tensors FrameDerivatives::rate(const Tensor& t, const Tensors& theta, const Tensors& constants) const {
  return evaluated(rate_, t, theta, constants);
}

FrameDerivatives::Drift FrameDerivatives::drift(const Tensor& t, const Tensors& theta,
                                                const Tensors& constants) const {
  const auto values = evaluated(drift_, t, theta, constants);
  const auto rates = evaluated(own_rate_, t, theta, constants);
  const auto first = values.begin() + parameters_;
  Drift result{{values.begin(), first}, {first, first + size_}, values.back()};
  for (std::size_t k = 0; k < rates.size(); ++k) {
    result.by_place = result.by_place + result.by_constant[k] * rates[k];
  }
  return result;
}

ParameterDerivatives::ParameterDerivatives(const job::Problem& problem,
                                           const std::vector<std::size_t>& parameters)
    : parameters_(parameters) {
  Graph graph;
  const auto names = declare(graph, problem);
  std::vector<Node> wanted;
  for (const auto j : parameters) wanted.push_back(names.theta[j]);
  const auto by_wanted = [&](Node node) {
    std::vector<Node> derivatives;
    for (const Node parameter : wanted) derivatives.push_back(graph.derivative(node, parameter));
    return derivatives;
  };
  for (std::size_t p = 0; p < problem.patches.size(); ++p) {
    frames_.push_back(FrameCompiler(graph, problem, p, names).compile_derivatives(wanted));
  }
  for (const auto& condition : problem.conditions) {
    for (const auto& [name, value] : condition.values) {
      const auto target = graph.build(value, names.everywhere);
      targets_.push_back({condition.at, Tape(graph, names.place(), by_wanted(target))});
    }
  }
  const auto scalars = declare_scalars(graph, problem, names);
  const auto inputs = concatenate({names.theta, scalars.inputs});
  std::vector<Node> by_parameter, by_input;
  for (const auto& derived : problem.derived) {
    const auto node = graph.build(derived.value, scalars.symbols);
    by_parameter = concatenate({by_parameter, by_wanted(node)});
    for (const Node input : scalars.inputs) by_input.push_back(graph.derivative(node, input));
  }
  derived_by_parameter_ = Tape(graph, inputs, by_parameter);
  derived_by_input_ = Tape(graph, inputs, by_input);
}

Tensors ParameterDerivatives::target(std::size_t condition, const Tensors& theta) const {
  const auto& target = targets_[condition];
  Tensors inputs{at::full_like(theta.front(), target.at)};
  inputs.insert(inputs.end(), theta.begin(), theta.end());
  return per_point(target.value, inputs);
}

ParameterDerivatives::Derived ParameterDerivatives::derived(const Tensors& theta,
                                                            const Tensors& inputs) const {
  Tensors all = theta;
  all.insert(all.end(), inputs.begin(), inputs.end());
  return {per_point(derived_by_parameter_, all), per_point(derived_by_input_, all)};
}

}  // namespace gluesweep::problem
