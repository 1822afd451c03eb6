#pragma once

#include <initializer_list>
#include <vector>

#include "gluesweep/job/job.hpp"
#include "gluesweep/problem/graph.hpp"

namespace gluesweep::problem {

std::vector<Node> concatenate(std::initializer_list<std::vector<Node>> lists);

/// Nodes of what a problem declares.
struct ProblemNodes {
  Node t = -1;
  std::vector<Node> theta;
  std::vector<Node> state;
  std::vector<Node> slope;      // dU/dt
  std::vector<Node> magnitude;  // per unknown
  std::vector<int> base;        // state component of each unknown
  Graph::Symbols everywhere;    // t, parameters, definitions
  Graph::Symbols with_state;    // and the state components

  std::vector<Node> place() const { return concatenate({{t}, theta}); }
};

ProblemNodes declare(Graph& graph, const job::Problem& problem);

/// Nodes of one patch's solution: the state and its derivatives at fixed constants (lower derivatives of an
/// unknown are those of its formula: variation of constants).
struct PatchNodes {
  std::vector<Node> constants;
  std::vector<Node> phi;       // n: Phi_i
  std::vector<Node> phi_t;     // n: dPhi_i/dt
  std::vector<Node> jacobian;  // n*n, row-major: dPhi_i/dC_k
};

/// What derived quantities are made of beside the parameters: asymptotic constants (P n), crossovers (P - 1),
/// end state (n).
struct ScalarNodes {
  std::vector<Node> inputs;
  Graph::Symbols symbols;  // those, parameters and definitions
};

ScalarNodes declare_scalars(Graph& graph, const job::Problem& problem, const ProblemNodes& nodes);

PatchNodes declare_patch(Graph& graph, const job::Problem& problem, std::size_t patch,
                         const ProblemNodes& nodes);

}  // namespace gluesweep::problem
