#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "gluesweep/problem/lane_step.hpp"
#include "gluesweep/problem/processor.hpp"
#include "gluesweep/problem/tape.hpp"
#include "gluesweep/problem/work.hpp"

namespace gluesweep::problem {

/// Memory for one evaluation of a LaneTape.
class LaneRegisters {
 public:
  explicit LaneRegisters(std::size_t size);
  double* operator[](int offset) { return values_.get() + offset; }
  const double* operator[](int offset) const { return values_.get() + offset; }

 private:
  struct Free {
    void operator()(double* values) const;
  };
  std::unique_ptr<double, Free> values_;
};

/// A Tape laid out for the CPU: `lanes` sets of inputs are evaluated at once, without allocating.
///
/// Every input has a level, and an instruction belongs to the highest level it depends on: what depends on
/// slowly varying inputs only (parameters) is computed when those change, not again at every place.
class LaneTape {
 public:
  /// levels: one per input, counted from 0.
  LaneTape(const Tape& tape, const std::vector<int>& levels);

  LaneRegisters registers() const;  ///< with the tape's numbers in place

  /// Offsets of the `lanes` values of an input or an output.
  int input(std::size_t i) const { return inputs_[i]; }
  int output(std::size_t i) const { return outputs_[i]; }
  std::size_t inputs() const { return inputs_.size(); }
  std::size_t outputs() const { return outputs_.size(); }

  /// Runs the instructions of one level; those of the levels below must have run before.
  void run(int level, LaneRegisters& registers) const;

  /// What instructions above `level` and the outputs take from it or from below: offsets.
  std::vector<int> carried(int level) const;

 private:
  int place(Op op, int a, int b);                    // appends a step with a result of its own
  std::optional<int> power(int a, double exponent);  // by products and roots, where that is possible
  int number(double value);
  void share_registers(int first_step);

  std::vector<LaneStep> steps_;     // level by level
  std::vector<std::size_t> begin_;  // of each level; then the end
  std::vector<WorkDone> work_;      // of each level
  std::vector<int> inputs_, outputs_;
  std::vector<int> input_level_;
  std::vector<std::pair<int, double>> numbers_;
  int size_ = 0;
};

/// Tape::operator() for float64 matrices on the CPU.
std::vector<at::Tensor> evaluate_on_lanes(const Tape& tape, const std::vector<at::Tensor>& inputs);

/// Whether evaluate_on_lanes can: matrices of float64 on the CPU.
bool fits_lanes(const std::vector<at::Tensor>& inputs);

}  // namespace gluesweep::problem
