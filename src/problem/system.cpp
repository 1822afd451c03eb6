#include "gluesweep/problem/system.hpp"

#include <cmath>
#include <functional>
#include <map>

#include "gluesweep/job/error.hpp"

namespace gluesweep::problem {
namespace {

using at::Tensor;

// Above this the frame equations of one patch are too large to be meant: the closed-form inverse of dPhi/dC grows
// with the number of state components that one solution formula couples.
constexpr std::size_t largest_graph = 200000;

/// Inverse of an n x n matrix of nodes by cofactors, minors shared; zeros in the frame prune the expansion.
class CofactorInverse {
 public:
  CofactorInverse(Graph& graph, std::vector<Node> matrix, int size)
      : graph_(graph), matrix_(std::move(matrix)), size_(size) {}

  Node determinant() { return minor((1u << size_) - 1u, (1u << size_) - 1u); }

  Node entry(int row, int column) {  // of the inverse
    const unsigned all = (1u << size_) - 1u;
    const Node cofactor = minor(all & ~(1u << column), all & ~(1u << row));
    return graph_.divide((row + column) % 2 != 0 ? graph_.negate(cofactor) : cofactor, determinant());
  }

 private:
  Node minor(unsigned rows, unsigned columns) {
    if (rows == 0) return graph_.number(1.0);
    const auto key = std::make_pair(rows, columns);
    const auto known = minors_.find(key);
    if (known != minors_.end()) return known->second;
    int first = 0;
    while ((rows & (1u << first)) == 0) ++first;
    Node sum = graph_.number(0.0);
    bool negative = false;
    for (int j = 0; j < size_; ++j) {
      if ((columns & (1u << j)) == 0) continue;
      const Node value = matrix_[static_cast<std::size_t>(first * size_ + j)];
      if (value != graph_.number(0.0)) {
        const Node term = graph_.multiply(value, minor(rows & ~(1u << first), columns & ~(1u << j)));
        sum = negative ? graph_.subtract(sum, term) : graph_.add(sum, term);
      }
      negative = !negative;
    }
    return minors_[key] = sum;
  }

  Graph& graph_;
  std::vector<Node> matrix_;
  int size_;
  std::map<std::pair<unsigned, unsigned>, Node> minors_;
};

std::vector<Node> concatenate(std::initializer_list<std::vector<Node>> lists) {
  std::vector<Node> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

}  // namespace

/// Nodes of what a problem declares.
struct System::Names {
  Node t;
  std::vector<Node> theta;
  std::vector<Node> state;
  std::vector<Node> slope;  // dU/dt
  std::vector<Node> magnitude;
  Graph::Symbols everywhere;  // t, parameters, definitions

  std::vector<Node> place() const { return concatenate({{t}, theta}); }
};

double System::to_x(double t) const { return log_scale_ ? std::log(t) : t; }

System::System(const job::Problem& problem)
    : size_(problem.state_size()),
      log_scale_(problem.variable.scale == job::Scale::log),
      start_(problem.variable.start),
      end_(problem.variable.end) {
  Graph graph;
  Names names;
  names.t = graph.symbol(problem.variable.symbol);
  names.everywhere[problem.variable.symbol] = names.t;
  for (const auto& parameter : problem.parameters) {
    names.theta.push_back(graph.symbol(parameter.name));
    names.everywhere[parameter.name] = names.theta.back();
  }
  for (const auto& definition : problem.definitions) {
    names.everywhere[definition.name] = graph.build(definition.value, names.everywhere);
  }
  const auto state_names = problem.state_names();
  auto with_state = names.everywhere;
  for (const auto& name : state_names) {
    names.state.push_back(graph.symbol(name));
    with_state[name] = names.state.back();
  }
  std::vector<Node> exact;
  for (const auto& unknown : problem.unknowns) {
    const auto first = static_cast<int>(names.slope.size());
    base_.push_back(first);
    for (int i = 1; i < unknown.order; ++i) {
      names.slope.push_back(names.state[static_cast<std::size_t>(first + i)]);
    }
    names.slope.push_back(graph.build(unknown.equation, with_state));
    names.magnitude.push_back(unknown.magnitude
                                  ? graph.build(unknown.magnitude, with_state)
                                  : graph.apply(Op::abs, names.state[static_cast<std::size_t>(first)]));
    if (unknown.exact) exact.push_back(graph.build(unknown.exact, names.everywhere));
  }
  const auto place = names.place();
  magnitudes_ = Tape(graph, concatenate({place, names.state}), names.magnitude);
  right_side_ = Tape(graph, concatenate({place, names.state}), names.slope);
  if (exact.size() == problem.unknowns.size()) exact_ = Tape(graph, place, exact);

  for (const auto& condition : problem.conditions) {
    for (const auto& [name, value] : condition.values) {
      const auto component = std::find(state_names.begin(), state_names.end(), name) - state_names.begin();
      conditions_.push_back({condition.place, condition.at, static_cast<int>(component),
                             Tape(graph, place, {graph.build(value, names.everywhere)})});
    }
  }

  const double width = to_x(end_) - to_x(start_);
  const auto scalar = [&](const std::vector<Node>& nodes) { return Tape(graph, names.theta, nodes); };
  Graph::Symbols scalars = names.everywhere;
  std::vector<Node> limits, crossovers, ends, derived;
  for (std::size_t p = 0; p < problem.patches.size(); ++p) {
    const auto& patch = problem.patches[p];
    if (patch.until) hand_over_.push_back(scalar({graph.build(patch.until, names.everywhere)}));
    // The overlap is a factor of a logarithmic variable and a half-width of a linear one.
    Node overlap = graph.number(log_scale_ ? std::log(1.5) : 0.05 * width);
    if (patch.overlap) {
      overlap = graph.build(patch.overlap, names.everywhere);
      if (log_scale_) overlap = graph.apply(Op::log, overlap);
    }
    overlap_.push_back(scalar({overlap}));
    std::vector<Node> guesses, places;
    for (const auto& constant : patch.constants) {
      guesses.push_back(graph.build(constant.guess, names.everywhere));
      limits.push_back(graph.symbol(patch.name + "_" + constant.name + "_limit"));
      scalars[graph[limits.back()].name] = limits.back();
    }
    for (const auto& at : patch.resolve) places.push_back(graph.build(at, names.everywhere));
    guess_.push_back(scalar(guesses));
    resolve_.push_back(scalar(places));
    if (p > 0) {
      crossovers.push_back(graph.symbol("crossover_" + problem.patches[p - 1].name + "_" + patch.name));
      scalars[graph[crossovers.back()].name] = crossovers.back();
    }
    frames_.push_back(compile_frame(graph, problem, p, names));
  }
  for (const auto& name : state_names) {
    ends.push_back(graph.symbol(name + "_end"));
    scalars[name + "_end"] = ends.back();
  }
  for (const auto& value : problem.derived) derived.push_back(graph.build(value.value, scalars));
  derived_ = Tape(graph, concatenate({names.theta, limits, crossovers, ends}), derived);
}

Frame System::compile_frame(Graph& graph, const job::Problem& problem, std::size_t patch_index,
                            const Names& names) const {
  const auto& patch = problem.patches[patch_index];
  const auto n = size_;
  Graph::Symbols symbols = names.everywhere;
  std::vector<Node> constants;
  for (const auto& constant : patch.constants) {
    constants.push_back(graph.symbol(patch.name + "_" + constant.name));
    symbols[constant.name] = constants.back();
  }
  // State: each unknown's formula and its derivatives at fixed constants.
  std::vector<Node> phi, phi_t;
  for (std::size_t u = 0; u < problem.unknowns.size(); ++u) {
    Node value = graph.build(patch.solution[u], symbols);
    for (int i = 0; i < problem.unknowns[u].order; ++i) {
      phi.push_back(value);
      value = graph.derivative(value, names.t);
      phi_t.push_back(value);
    }
  }
  std::map<Node, Node> at_phi;
  for (int i = 0; i < n; ++i) at_phi[names.state[static_cast<std::size_t>(i)]] = phi[static_cast<std::size_t>(i)];
  std::vector<Node> mismatch, jacobian;
  for (int i = 0; i < n; ++i) {
    const auto s = static_cast<std::size_t>(i);
    mismatch.push_back(graph.subtract(graph.substitute(names.slope[s], at_phi), phi_t[s]));
    for (const Node constant : constants) jacobian.push_back(graph.derivative(phi[s], constant));
  }
  const auto J = [&](int i, int k) { return jacobian[static_cast<std::size_t>(i * n + k)]; };
  CofactorInverse cofactors(graph, jacobian, n);
  if (cofactors.determinant() == graph.number(0.0)) {
    throw job::InputError("patch '" + patch.name + "' of problem '" + problem.name +
                          "' is degenerate everywhere: its solution does not depend on all of its constants "
                          "independently (det dPhi/dC = 0 for all parameters); write a solution in which each "
                          "constant changes the state in its own way");
  }
  std::vector<Node> inverse;
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < n; ++k) inverse.push_back(cofactors.entry(i, k));
  }
  const auto apply_inverse = [&](int k, const std::function<Node(int)>& right) {
    Node sum = graph.number(0.0);
    for (int i = 0; i < n; ++i) {
      sum = graph.add(sum, graph.multiply(inverse[static_cast<std::size_t>(k * n + i)], right(i)));
    }
    return sum;
  };
  std::vector<Node> rate;
  for (int k = 0; k < n; ++k) {
    rate.push_back(apply_inverse(k, [&](int i) { return mismatch[static_cast<std::size_t>(i)]; }));
  }
  // J dG/dC_l = d(mismatch)/dC_l - (dJ/dC_l) G, so that the quotient G itself is never differentiated.
  std::vector<Node> rate_jacobian(static_cast<std::size_t>(n * n));
  bool linear = true;
  for (int l = 0; l < n; ++l) {
    const Node wrt = constants[static_cast<std::size_t>(l)];
    std::vector<Node> right;
    for (int i = 0; i < n; ++i) {
      Node value = graph.derivative(mismatch[static_cast<std::size_t>(i)], wrt);
      for (int j = 0; j < n; ++j) {
        const Node second = graph.derivative(J(i, j), wrt);
        if (second != graph.number(0.0)) linear = false;
        value = graph.subtract(value, graph.multiply(second, rate[static_cast<std::size_t>(j)]));
      }
      right.push_back(value);
    }
    for (int k = 0; k < n; ++k) {
      rate_jacobian[static_cast<std::size_t>(k * n + l)] =
          apply_inverse(k, [&](int i) { return right[static_cast<std::size_t>(i)]; });
    }
  }
  std::vector<Node> weight;
  for (int k = 0; k < n; ++k) {
    Node largest = graph.number(0.0);
    for (std::size_t u = 0; u < base_.size(); ++u) {
      const Node change = graph.apply(Op::abs, J(base_[u], k));
      if (change == graph.number(0.0)) continue;
      const Node relative = graph.divide(change, graph.substitute(names.magnitude[u], at_phi));
      largest = largest == graph.number(0.0) ? relative : graph.maximum(largest, relative);
    }
    weight.push_back(largest);
  }
  // Condition: the largest entry of the inverse of the matrix scaled to unit rows in the columns' own units.
  Node condition = graph.number(1.0);
  std::vector<Node> row_size, column_size;
  for (int k = 0; k < n; ++k) {
    Node sum = graph.number(0.0);
    for (int i = 0; i < n; ++i) sum = graph.add(sum, graph.multiply(J(i, k), J(i, k)));
    column_size.push_back(graph.apply(Op::sqrt, sum));
  }
  for (int i = 0; i < n; ++i) {
    Node sum = graph.number(0.0);
    for (int k = 0; k < n; ++k) {
      sum = graph.add(sum, graph.apply(Op::abs, graph.divide(J(i, k), column_size[static_cast<std::size_t>(k)])));
    }
    row_size.push_back(sum);
  }
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < n; ++k) {
      const Node scaled = graph.multiply(inverse[static_cast<std::size_t>(k * n + i)],
                                         graph.multiply(row_size[static_cast<std::size_t>(i)],
                                                        column_size[static_cast<std::size_t>(k)]));
      condition = graph.maximum(condition, graph.apply(Op::abs, scaled));
    }
  }
  // Newton step towards a given state, and the relative change of the solution it makes.
  std::vector<Node> newton;
  Node change = graph.number(0.0);
  for (int k = 0; k < n; ++k) {
    newton.push_back(apply_inverse(k, [&](int i) {
      return graph.subtract(names.state[static_cast<std::size_t>(i)], phi[static_cast<std::size_t>(i)]);
    }));
    const Node size = graph.multiply(graph.apply(Op::abs, newton.back()),
                                     weight[static_cast<std::size_t>(k)] == graph.number(0.0)
                                         ? graph.number(1.0)
                                         : weight[static_cast<std::size_t>(k)]);
    change = graph.add(change, size);
  }
  newton.push_back(change);
  if (graph.size() > largest_graph) {
    throw job::InputError("patch '" + patch.name + "' couples too many constants: its frame equations have more than " +
                          std::to_string(largest_graph) +
                          " operations; write solutions in which each unknown depends on few constants");
  }

  Frame frame;
  frame.name_ = patch.name;
  frame.size_ = n;
  frame.linear_ = linear;
  const auto inputs = concatenate({names.place(), constants});
  frame.state_ = Tape(graph, inputs, phi);
  frame.rate_ = Tape(graph, inputs, rate);
  frame.drift_ = Tape(graph, inputs, concatenate({rate, rate_jacobian}));
  frame.response_ = Tape(graph, inputs, concatenate({phi, jacobian, weight}));
  frame.condition_ = Tape(graph, inputs, {condition});
  frame.newton_ = Tape(graph, concatenate({inputs, names.state}), newton);
  if (!patch.inverse.empty()) {
    auto with_state = names.everywhere;
    const auto state_names = problem.state_names();
    for (std::size_t i = 0; i < state_names.size(); ++i) with_state[state_names[i]] = names.state[i];
    std::vector<Node> given;
    for (const auto& expression : patch.inverse) given.push_back(graph.build(expression, with_state));
    frame.start_ = Tape(graph, concatenate({names.place(), names.state}), given);
  } else if (n == 1) {
    const Node found = graph.invert(phi.front(), constants.front(), names.state.front());
    if (found >= 0) frame.start_ = Tape(graph, concatenate({names.place(), names.state}), {found});
  }
  return frame;
}

Tensors System::magnitudes(const Tensor& t, const Tensors& theta, const Tensors& state) const {
  Tensors inputs{t};
  inputs.insert(inputs.end(), theta.begin(), theta.end());
  inputs.insert(inputs.end(), state.begin(), state.end());
  auto values = magnitudes_(inputs);
  for (auto& value : values) value = value.expand_as(t);
  return values;
}

bool System::starts_with_all() const {
  return std::all_of(conditions_.begin(), conditions_.end(),
                     [](const auto& condition) { return condition.place == job::Condition::Place::start; });
}

namespace {

/// Per-point scalars: every output as (B, 1).
Tensors per_point(const Tape& tape, const Tensors& theta, const Tensor& like) {
  auto values = tape(theta);
  for (auto& value : values) value = value.expand_as(like).contiguous();
  return values;
}

}  // namespace

Tensor System::hand_over(int patch, const Tensors& theta) const {
  return per_point(hand_over_[static_cast<std::size_t>(patch)], theta, theta.front()).front();
}

Tensor System::overlap(int patch, const Tensors& theta) const {
  return per_point(overlap_[static_cast<std::size_t>(patch)], theta, theta.front()).front();
}

Tensors System::resolve(int patch, const Tensors& theta) const {
  return per_point(resolve_[static_cast<std::size_t>(patch)], theta, theta.front());
}

Tensors System::guess(int patch, const Tensors& theta) const {
  return per_point(guess_[static_cast<std::size_t>(patch)], theta, theta.front());
}

Tensors System::derived(const Tensors& theta, const Tensors& inputs) const {
  Tensors all = theta;
  all.insert(all.end(), inputs.begin(), inputs.end());
  return per_point(derived_, all, theta.front());
}

Tensors System::exact(const Tensor& t, const Tensors& theta) const {
  if (!exact_) return {};
  Tensors inputs{t};
  inputs.insert(inputs.end(), theta.begin(), theta.end());
  auto values = (*exact_)(inputs);
  for (auto& value : values) value = value.expand_as(t);
  return values;
}

}  // namespace gluesweep::problem
