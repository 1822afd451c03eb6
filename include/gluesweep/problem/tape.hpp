#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "gluesweep/problem/graph.hpp"

namespace gluesweep::problem {

/// A straight-line program for some nodes of a Graph, evaluated on whole arrays or on single numbers.
class Tape {
 public:
  Tape() = default;

  /// `inputs` are symbol nodes, in the order in which their values will be given; every symbol the outputs
  /// use must be among them.
  Tape(const Graph& graph, const std::vector<Node>& inputs, const std::vector<Node>& outputs);

  /// One tensor per output, computed on the inputs' device. Inputs broadcast against each other, e.g.
  /// parameters (B, 1) against places (B, N): what depends on parameters only is computed once per point. An
  /// output that is a plain number comes as a tensor of no dimensions; expand() where a shape is needed.
  std::vector<at::Tensor> operator()(const std::vector<at::Tensor>& inputs) const;

  /// The same for single numbers.
  std::vector<double> operator()(const std::vector<double>& inputs) const;

  std::size_t instructions() const { return code_.size(); }

  /// Which outputs depend on any of the marked inputs.
  std::vector<bool> depends(const std::vector<bool>& inputs) const;

 private:
  friend class LaneTape;
  struct Instruction {
    Op op;
    int a, b, target;           // registers; -1 for an operand that is a number or absent
    double a_value, b_value;    // the numbers
    std::vector<int> finished;  // registers not needed after this instruction
  };
  struct Output {
    int slot;  // -1 for a number
    double value;
  };
  std::vector<Instruction> code_;
  std::vector<Output> outputs_;
  int registers_ = 0;
};

}  // namespace gluesweep::problem
