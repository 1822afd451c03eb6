#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "gluesweep/job/job.hpp"
#include "gluesweep/problem/graph.hpp"
#include "gluesweep/problem/parameter_derivatives.hpp"
#include "gluesweep/problem/problem_nodes.hpp"
#include "gluesweep/problem/system.hpp"

namespace gluesweep::problem {

/// Derives everything a Frame evaluates from one patch's solution formulas: the state and its derivatives,
/// the inverse of dPhi/dC in closed form, the rates G of the constants and dG/dC, weights, condition, Newton
/// step.
class FrameCompiler {
 public:
  FrameCompiler(Graph& graph, const job::Problem& problem, std::size_t patch, const ProblemNodes& nodes);

  Frame compile();  ///< throws job::InputError for a patch that is degenerate everywhere or too large

  /// The derivatives by some parameters at fixed constants, of a patch that compile() accepts.
  FrameDerivatives compile_derivatives(const std::vector<Node>& parameters);

 private:
  void check_size() const;
  void build_mismatch();
  void build_inverse();
  void build_rates();
  std::vector<Node> rate_by(Node symbol);  // dG_k/dsymbol, n
  Node drift_by(Node symbol, const std::vector<Node>& rate_by);
  void build_weights();
  Node condition();
  std::vector<Node> newton_step();
  std::optional<Tape> closed_inverse();

  Node jacobian(int i, int k) const { return jacobian_[static_cast<std::size_t>(i * n_ + k)]; }
  Node apply_inverse(int k, const std::function<Node(int)>& right);  // sum_i (dPhi/dC)^-1_ki right_i

  Graph& graph_;
  const job::Problem& problem_;
  const job::Patch& patch_;
  const ProblemNodes& nodes_;
  int n_;
  std::vector<Node> constants_, phi_, phi_t_;
  std::vector<Node> mismatch_;  // f(t, Phi) - dPhi/dt
  std::vector<Node> jacobian_, inverse_;
  std::vector<Node> rate_, rate_jacobian_, weight_;
  bool linear_ = true;
};

}  // namespace gluesweep::problem
