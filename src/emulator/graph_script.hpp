#pragma once

#include <map>
#include <string>
#include <vector>

#include "gluesweep/problem/graph.hpp"

namespace gluesweep::emulator {

/// Nodes of a Graph as lines of TorchScript, each a new variable.
class GraphScript {
 public:
  /// Variables are called `prefix` and a number; lines are indented by `indent`.
  GraphScript(const problem::Graph& graph, std::string prefix, std::string indent)
      : graph_(graph), prefix_(std::move(prefix)), indent_(std::move(indent)) {}

  /// From now on a symbol is what the source calls `name`.
  void name(problem::Node symbol, const std::string& name) { names_[symbol] = name; }

  /// Appends what computes a node; returns what to write for its value: a tensor or a number.
  std::string write(problem::Node node, std::string& source);

  bool is_number(problem::Node node) const { return graph_[node].op == problem::Op::number; }

 private:
  std::string operation(const problem::Graph::Entry& entry) const;
  std::string operand(problem::Node node) const;

  const problem::Graph& graph_;
  std::string prefix_, indent_;
  std::map<problem::Node, std::string> names_;
  int variables_ = 0;
};

/// A number as TorchScript reads it back: the same double, and never an integer.
std::string number_text(double value);

}  // namespace gluesweep::emulator
