#include "frame_compiler.hpp"

#include <algorithm>
#include <map>

#include "gluesweep/job/error.hpp"

namespace gluesweep::problem {
namespace {

// Above this the frame equations of one patch are too large to be meant: the closed-form inverse of dPhi/dC
// grows with the number of state components that one solution formula couples.
constexpr std::size_t largest_graph = 200000;

/// Inverse of an n x n matrix of nodes by cofactors, minors shared; zeros in the frame prune the expansion.
class CofactorInverse {
 public:
  /// `check_size` is called as the graph grows, to throw when it has grown too large.
  CofactorInverse(Graph& graph, std::vector<Node> matrix, int size, std::function<void()> check_size)
      : graph_(graph), matrix_(std::move(matrix)), size_(size), check_size_(std::move(check_size)) {}

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
    check_size_();
    return minors_[key] = sum;
  }

  Graph& graph_;
  std::vector<Node> matrix_;
  int size_;
  std::function<void()> check_size_;
  std::map<std::pair<unsigned, unsigned>, Node> minors_;
};

}  // namespace

FrameCompiler::FrameCompiler(Graph& graph, const job::Problem& problem, std::size_t patch,
                             const ProblemNodes& nodes)
    : graph_(graph),
      problem_(problem),
      patch_(problem.patches[patch]),
      nodes_(nodes),
      n_(problem.state_size()) {
  const auto own = declare_patch(graph, problem, patch, nodes);
  constants_ = own.constants;
  phi_ = own.phi;
  phi_t_ = own.phi_t;
  jacobian_ = own.jacobian;
}

Frame FrameCompiler::compile() {
  build_mismatch();
  build_inverse();
  build_rates();
  build_weights();
  Frame frame;
  frame.name_ = patch_.name;
  frame.size_ = n_;
  const auto inputs = concatenate({nodes_.place(), constants_});
  frame.state_ = Tape(graph_, inputs, phi_);
  frame.rate_ = Tape(graph_, inputs, rate_);
  frame.drift_ = Tape(graph_, inputs, concatenate({rate_, rate_jacobian_}));
  std::vector<int> levels(inputs.size(), 0);
  std::vector<bool> is_constant(inputs.size(), false);
  levels.front() = 1;
  std::fill(levels.end() - n_, levels.end(), 2);
  std::fill(is_constant.end() - n_, is_constant.end(), true);
  frame.drift_on_lanes_ = std::make_shared<const LaneTape>(frame.drift_, levels);
  const auto varies = frame.drift_.depends(is_constant);
  frame.drift_is_linear_ = std::none_of(varies.begin() + n_, varies.end(), [](bool any) { return any; });
  frame.response_ = Tape(graph_, inputs, concatenate({phi_, jacobian_, weight_}));
  frame.condition_ = Tape(graph_, inputs, {condition()});
  frame.newton_ = Tape(graph_, concatenate({inputs, nodes_.state}), newton_step());
  frame.start_ = closed_inverse();
  frame.linear_ = linear_;
  check_size();
  return frame;
}

void FrameCompiler::check_size() const {
  if (graph_.size() <= largest_graph) return;
  throw job::InputError("patch '" + patch_.name + "' of problem '" + problem_.name +
                        "' couples too many constants: its frame equations have more than " +
                        std::to_string(largest_graph) +
                        " operations; write solutions in which each unknown depends on few constants");
}

FrameDerivatives FrameCompiler::compile_derivatives(const std::vector<Node>& parameters) {
  build_mismatch();
  build_inverse();
  build_rates();
  build_weights();
  std::vector<Node> state, rate, drift;
  for (const Node parameter : parameters) {
    for (const Node phi : phi_) state.push_back(graph_.derivative(phi, parameter));
    const auto by = rate_by(parameter);
    rate.insert(rate.end(), by.begin(), by.end());
    drift.push_back(drift_by(parameter, by));
  }
  for (int l = 0; l < n_; ++l) {
    std::vector<Node> by;
    for (int k = 0; k < n_; ++k) by.push_back(rate_jacobian_[static_cast<std::size_t>(k * n_ + l)]);
    drift.push_back(drift_by(constants_[static_cast<std::size_t>(l)], by));
  }
  drift.push_back(drift_by(nodes_.t, rate_by(nodes_.t)));
  check_size();
  const auto inputs = concatenate({nodes_.place(), constants_});
  return {n_,
          static_cast<int>(parameters.size()),
          Tape(graph_, inputs, state),
          Tape(graph_, inputs, rate),
          Tape(graph_, inputs, drift),
          Tape(graph_, inputs, rate_)};
}

/// d log(drift size)/dsymbol of the drift size sqrt(sum_k (G_k rho_k)^2), from dG/dsymbol.
Node FrameCompiler::drift_by(Node symbol, const std::vector<Node>& rate_by) {
  Node above = graph_.number(0.0), below = graph_.number(0.0);
  for (std::size_t k = 0; k < rate_.size(); ++k) {
    const Node drift = graph_.multiply(rate_[k], weight_[k]);
    const Node change = graph_.add(graph_.multiply(rate_by[k], weight_[k]),
                                   graph_.multiply(rate_[k], graph_.derivative(weight_[k], symbol)));
    above = graph_.add(above, graph_.multiply(drift, change));
    below = graph_.add(below, graph_.multiply(drift, drift));
  }
  return graph_.divide(above, below);
}

void FrameCompiler::build_mismatch() {
  std::map<Node, Node> at_phi;
  for (std::size_t i = 0; i < phi_.size(); ++i) at_phi[nodes_.state[i]] = phi_[i];
  for (std::size_t i = 0; i < phi_.size(); ++i) {
    mismatch_.push_back(graph_.subtract(graph_.substitute(nodes_.slope[i], at_phi), phi_t_[i]));
  }
}

void FrameCompiler::build_inverse() {
  CofactorInverse cofactors(graph_, jacobian_, n_, [this] { check_size(); });
  if (cofactors.determinant() == graph_.number(0.0)) {
    throw job::InputError(
        "patch '" + patch_.name + "' of problem '" + problem_.name +
        "' is degenerate everywhere: its solution does not depend on all of its constants "
        "independently (det dPhi/dC = 0 for all parameters); write a solution in which each "
        "constant changes the state in its own way");
  }
  for (int k = 0; k < n_; ++k) {
    for (int i = 0; i < n_; ++i) inverse_.push_back(cofactors.entry(k, i));
  }
}

Node FrameCompiler::apply_inverse(int k, const std::function<Node(int)>& right) {
  Node sum = graph_.number(0.0);
  for (int i = 0; i < n_; ++i) {
    sum = graph_.add(sum, graph_.multiply(inverse_[static_cast<std::size_t>(k * n_ + i)], right(i)));
  }
  return sum;
}

void FrameCompiler::build_rates() {
  for (int k = 0; k < n_; ++k) {
    rate_.push_back(apply_inverse(k, [this](int i) { return mismatch_[static_cast<std::size_t>(i)]; }));
  }
  rate_jacobian_.resize(static_cast<std::size_t>(n_ * n_));
  for (int l = 0; l < n_; ++l) {
    const Node wrt = constants_[static_cast<std::size_t>(l)];
    for (const Node entry : jacobian_)
      linear_ = linear_ && graph_.derivative(entry, wrt) == graph_.number(0.0);
    const auto column = rate_by(wrt);
    for (int k = 0; k < n_; ++k) {
      rate_jacobian_[static_cast<std::size_t>(k * n_ + l)] = column[static_cast<std::size_t>(k)];
    }
  }
}

/// J dG/ds = d(mismatch)/ds - (dJ/ds) G, so that the quotient G itself is never differentiated.
std::vector<Node> FrameCompiler::rate_by(Node symbol) {
  std::vector<Node> right;
  for (int i = 0; i < n_; ++i) {
    Node value = graph_.derivative(mismatch_[static_cast<std::size_t>(i)], symbol);
    for (int j = 0; j < n_; ++j) {
      const Node second = graph_.derivative(jacobian(i, j), symbol);
      value = graph_.subtract(value, graph_.multiply(second, rate_[static_cast<std::size_t>(j)]));
    }
    right.push_back(value);
  }
  check_size();
  std::vector<Node> result;
  for (int k = 0; k < n_; ++k) {
    result.push_back(apply_inverse(k, [&right](int i) { return right[static_cast<std::size_t>(i)]; }));
  }
  return result;
}

void FrameCompiler::build_weights() {
  std::map<Node, Node> at_phi;
  for (std::size_t i = 0; i < phi_.size(); ++i) at_phi[nodes_.state[i]] = phi_[i];
  for (int k = 0; k < n_; ++k) {
    Node largest = graph_.number(0.0);
    for (std::size_t u = 0; u < nodes_.base.size(); ++u) {
      const Node change = graph_.apply(Op::abs, jacobian(nodes_.base[u], k));
      if (change == graph_.number(0.0)) continue;
      const Node relative = graph_.divide(change, graph_.substitute(nodes_.magnitude[u], at_phi));
      largest = largest == graph_.number(0.0) ? relative : graph_.maximum(largest, relative);
    }
    weight_.push_back(largest);
  }
}

/// The largest entry of the inverse of dPhi/dC after scaling its columns, then its rows, to unit size.
Node FrameCompiler::condition() {
  std::vector<Node> column_size, row_size;
  for (int k = 0; k < n_; ++k) {  // by absolute values: squares of a solution near 1e-170 would vanish
    Node sum = graph_.number(0.0);
    for (int i = 0; i < n_; ++i) sum = graph_.add(sum, graph_.apply(Op::abs, jacobian(i, k)));
    column_size.push_back(sum);
  }
  for (int i = 0; i < n_; ++i) {
    Node sum = graph_.number(0.0);
    for (int k = 0; k < n_; ++k) {
      const Node entry = graph_.divide(jacobian(i, k), column_size[static_cast<std::size_t>(k)]);
      sum = graph_.add(sum, graph_.apply(Op::abs, entry));
    }
    row_size.push_back(sum);
  }
  Node largest = graph_.number(1.0);
  for (int k = 0; k < n_; ++k) {
    for (int i = 0; i < n_; ++i) {
      const Node size =
          graph_.multiply(row_size[static_cast<std::size_t>(i)], column_size[static_cast<std::size_t>(k)]);
      const Node entry = graph_.multiply(inverse_[static_cast<std::size_t>(k * n_ + i)], size);
      largest = graph_.maximum(largest, graph_.apply(Op::abs, entry));
    }
  }
  return largest;
}

/// The Newton step towards a given state, then the relative change of the solution that it makes.
std::vector<Node> FrameCompiler::newton_step() {
  std::vector<Node> outputs;
  Node change = graph_.number(0.0);
  for (int k = 0; k < n_; ++k) {
    const auto s = static_cast<std::size_t>(k);
    const Node step = apply_inverse(k, [this](int i) {
      return graph_.subtract(nodes_.state[static_cast<std::size_t>(i)], phi_[static_cast<std::size_t>(i)]);
    });
    outputs.push_back(step);
    // A constant that moves derivatives only counts in its own unit.
    const Node weight = weight_[s] == graph_.number(0.0) ? graph_.number(1.0) : weight_[s];
    change = graph_.add(change, graph_.multiply(graph_.apply(Op::abs, step), weight));
  }
  outputs.push_back(change);
  return outputs;
}

std::optional<Tape> FrameCompiler::closed_inverse() {
  std::vector<Node> outputs;
  if (!patch_.inverse.empty()) {
    for (const auto& expression : patch_.inverse) {
      outputs.push_back(graph_.build(expression, nodes_.with_state));
    }
  } else if (n_ == 1) {
    const Node found = graph_.invert(phi_.front(), constants_.front(), nodes_.state.front());
    if (found < 0) return std::nullopt;
    outputs.push_back(found);
  } else {
    return std::nullopt;
  }
  return Tape(graph_, concatenate({nodes_.place(), nodes_.state}), outputs);
}

}  // namespace gluesweep::problem
