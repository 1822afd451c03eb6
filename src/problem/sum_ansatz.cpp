#include "gluesweep/problem/sum_ansatz.hpp"

#include <map>

#include "gluesweep/problem/problem_nodes.hpp"

namespace gluesweep::problem {
namespace {

Tensors evaluate(const Tape& tape, const at::Tensor& t, const Tensors& theta, const Tensors& constants,
                 const Tensors& slopes = {}) {
  Tensors inputs{t};
  for (const auto& more : {theta, constants, slopes}) inputs.insert(inputs.end(), more.begin(), more.end());
  auto values = tape(inputs);
  for (auto& value : values) {
    if (value.sizes() != t.sizes()) value = value.expand_as(t);
  }
  return values;
}

Tensors part(const Tensors& values, std::size_t first, std::size_t count) {
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

SumAnsatz::SumAnsatz(const job::Problem& problem) : size_(problem.state_size()) {
  Graph graph;
  const auto nodes = declare(graph, problem);
  const auto n = static_cast<std::size_t>(size_);
  std::vector<Node> constants, slopes, state(n, graph.number(0.0)), state_t = state;
  std::vector<std::vector<Node>> jacobian(n);  // per component: K
  for (std::size_t p = 0; p < problem.patches.size(); ++p) {
    const auto patch = declare_patch(graph, problem, p, nodes);
    constants.insert(constants.end(), patch.constants.begin(), patch.constants.end());
    for (std::size_t i = 0; i < n; ++i) {
      state[i] = graph.add(state[i], patch.phi[i]);
      state_t[i] = graph.add(state_t[i], patch.phi_t[i]);
      for (std::size_t k = 0; k < n; ++k) jacobian[i].push_back(patch.jacobian[i * n + k]);
    }
  }
  constants_ = static_cast<int>(constants.size());
  // A name with a space is none that a job can declare.
  for (const Node constant : constants) slopes.push_back(graph.symbol(graph[constant].name + " slope"));

  std::map<Node, Node> at_sum;
  for (std::size_t i = 0; i < n; ++i) at_sum[nodes.state[i]] = state[i];
  std::vector<Node> value, by_constant, by_slope;
  for (std::size_t i = 0; i < n; ++i) {
    Node residual = graph.subtract(state_t[i], graph.substitute(nodes.slope[i], at_sum));
    for (std::size_t k = 0; k < slopes.size(); ++k) {
      residual = graph.add(residual, graph.multiply(jacobian[i][k], slopes[k]));
    }
    value.push_back(residual);
    for (const Node constant : constants) by_constant.push_back(graph.derivative(residual, constant));
    by_slope.insert(by_slope.end(), jacobian[i].begin(), jacobian[i].end());
  }
  const auto inputs = concatenate({nodes.place(), constants});
  state_ = Tape(graph, inputs, state);
  response_ = Tape(graph, inputs, concatenate({state, by_slope}));
  residual_ = Tape(graph, concatenate({inputs, slopes}), concatenate({value, by_constant, by_slope}));
}

Tensors SumAnsatz::state(const at::Tensor& t, const Tensors& theta, const Tensors& constants) const {
  return evaluate(state_, t, theta, constants);
}

SumAnsatz::Response SumAnsatz::response(const at::Tensor& t, const Tensors& theta,
                                        const Tensors& constants) const {
  const auto values = evaluate(response_, t, theta, constants);
  const auto n = static_cast<std::size_t>(size_);
  return {part(values, 0, n), part(values, n, values.size() - n)};
}

SumAnsatz::Residual SumAnsatz::residual(const at::Tensor& t, const Tensors& theta, const Tensors& constants,
                                        const Tensors& slopes) const {
  const auto values = evaluate(residual_, t, theta, constants, slopes);
  const auto n = static_cast<std::size_t>(size_), entries = n * static_cast<std::size_t>(constants_);
  return {part(values, 0, n), part(values, n, entries), part(values, n + entries, entries)};
}

}  // namespace gluesweep::problem
