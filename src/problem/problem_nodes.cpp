#include "gluesweep/problem/problem_nodes.hpp"

namespace gluesweep::problem {

std::vector<Node> concatenate(std::initializer_list<std::vector<Node>> lists) {
  std::vector<Node> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

ProblemNodes declare(Graph& graph, const job::Problem& problem) {
  ProblemNodes nodes;
  nodes.t = graph.symbol(problem.variable.symbol);
  nodes.everywhere[problem.variable.symbol] = nodes.t;
  for (const auto& parameter : problem.parameters) {
    nodes.theta.push_back(graph.symbol(parameter.name));
    nodes.everywhere[parameter.name] = nodes.theta.back();
  }
  for (const auto& definition : problem.definitions) {
    nodes.everywhere[definition.name] = graph.build(definition.value, nodes.everywhere);
  }
  nodes.with_state = nodes.everywhere;
  for (const auto& name : problem.state_names()) {
    nodes.state.push_back(graph.symbol(name));
    nodes.with_state[name] = nodes.state.back();
  }
  for (const auto& unknown : problem.unknowns) {
    const auto first = static_cast<int>(nodes.slope.size());
    nodes.base.push_back(first);
    for (int i = 1; i < unknown.order; ++i) {
      nodes.slope.push_back(nodes.state[static_cast<std::size_t>(first + i)]);
    }
    nodes.slope.push_back(graph.build(unknown.equation, nodes.with_state));
    nodes.magnitude.push_back(unknown.magnitude
                                  ? graph.build(unknown.magnitude, nodes.with_state)
                                  : graph.apply(Op::abs, nodes.state[static_cast<std::size_t>(first)]));
  }
  return nodes;
}

ScalarNodes declare_scalars(Graph& graph, const job::Problem& problem, const ProblemNodes& nodes) {
  ScalarNodes scalars{{}, nodes.everywhere};
  const auto declare_scalar = [&](const std::string& name) {
    scalars.inputs.push_back(graph.symbol(name));
    scalars.symbols[name] = scalars.inputs.back();
  };
  for (const auto& patch : problem.patches) {
    for (const auto& constant : patch.constants) declare_scalar(patch.name + "_" + constant.name + "_limit");
  }
  for (std::size_t p = 1; p < problem.patches.size(); ++p) {
    declare_scalar("crossover_" + problem.patches[p - 1].name + "_" + problem.patches[p].name);
  }
  for (const auto& name : problem.state_names()) declare_scalar(name + "_end");
  return scalars;
}

PatchNodes declare_patch(Graph& graph, const job::Problem& problem, std::size_t index,
                         const ProblemNodes& nodes) {
  const auto& patch = problem.patches[index];
  PatchNodes result;
  auto symbols = nodes.everywhere;
  for (const auto& constant : patch.constants) {
    result.constants.push_back(graph.symbol(patch.name + "_" + constant.name));
    symbols[constant.name] = result.constants.back();
  }
  for (const auto& definition : patch.definitions) {
    symbols[definition.name] = graph.build(definition.value, symbols);
  }
  for (std::size_t u = 0; u < problem.unknowns.size(); ++u) {
    Node value = graph.build(patch.solution[u], symbols);
    for (int i = 0; i < problem.unknowns[u].order; ++i) {
      result.phi.push_back(value);
      value = graph.derivative(value, nodes.t);
      result.phi_t.push_back(value);
    }
  }
  for (const Node phi : result.phi) {
    for (const Node constant : result.constants) result.jacobian.push_back(graph.derivative(phi, constant));
  }
  return result;
}

}  // namespace gluesweep::problem
