#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "gluesweep/job/expression.hpp"
#include "gluesweep/problem/op.hpp"

namespace gluesweep::problem {

/// Index of a node in a Graph; operands always have smaller indices than what uses them.
using Node = int;

/// A directed acyclic graph of arithmetic, shared by all expressions of a problem: equal sub-expressions are
/// one node, and derivatives are exact (automatic differentiation by transforming the graph). This replaces a
/// traced autograd graph: G and dG/dC of equation (1) need second derivatives of the frames, which here are
/// plain arithmetic on shared nodes, without a tape of gradients per evaluation.
///
/// Simplification is algebraic (a - a = 0, 0 a = 0, a / a = 1) and ignores infinities.
class Graph {
 public:
  using Symbols = std::map<std::string, Node>;

  Node number(double value);
  Node symbol(const std::string& name);  ///< the same node for the same name

  Node add(Node a, Node b);
  Node subtract(Node a, Node b);
  Node multiply(Node a, Node b);
  Node divide(Node a, Node b);
  Node power(Node a, Node b);
  Node negate(Node a);
  Node minimum(Node a, Node b);
  Node maximum(Node a, Node b);
  Node less(Node a, Node b);  ///< 1 where a < b, else 0; derivative zero
  Node apply(Op function, Node a);

  /// A parsed expression with every name replaced by its node; names are known to be declared.
  Node build(const job::Expression& expression, const Symbols& symbols);

  /// d node / d symbol.
  Node derivative(Node node, Node symbol);

  /// `node` with symbols replaced by other nodes.
  Node substitute(Node node, const std::map<Node, Node>& replacements);

  bool depends_on(Node node, Node symbol) const;

  /// Solves node(symbol) = value for the symbol by undoing one operation after the other; -1 where the symbol
  /// occurs more than once or an operation has no inverse (abs, min, max, the trigonometric ones, a square).
  /// Powers give the positive branch, and are undefined for negative values, so the caller must check the
  /// result.
  Node invert(Node node, Node symbol, Node value);

  struct Entry {
    Op op;
    Node a = -1, b = -1;
    double value = 0.0;  ///< of a number
    std::string name;    ///< of a symbol
  };
  const Entry& operator[](Node node) const { return entries_[static_cast<std::size_t>(node)]; }
  std::size_t size() const { return entries_.size(); }

 private:
  Node make(Op op, Node a, Node b);
  Node insert(Entry entry);
  bool is_number(Node node) const { return (*this)[node].op == Op::number; }
  bool is_number(Node node, double value) const { return is_number(node) && (*this)[node].value == value; }
  Node differentiate(Node node, Node symbol, const std::vector<Node>& known);
  std::vector<Node> reachable(Node node) const;  ///< in increasing order, hence operands first

  std::vector<Entry> entries_;
  std::map<std::tuple<Op, Node, Node>, Node> operations_;
  std::map<double, Node> numbers_;
  std::map<std::string, Node> symbols_;
  std::map<std::pair<Node, Node>, Node> derivatives_;
};

/// The value of one operation on plain numbers (b is ignored by unary ones).
double evaluate(Op op, double a, double b);

}  // namespace gluesweep::problem
