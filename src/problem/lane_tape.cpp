#include "gluesweep/problem/lane_tape.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <set>

#include "gluesweep/problem/kernels.hpp"
#include "lane_kernels.hpp"

namespace gluesweep::problem {
namespace {

using at::Tensor;

constexpr std::size_t alignment = 64;

RunSteps choose_run_steps() {
#ifdef GLUESWEEP_AVX2
  if (processor() == Processor::avx2) return avx2::run_steps;
#endif
  return baseline::run_steps;
}

Work kind_of(Op op) {
  switch (op) {
    case Op::divide:
    case Op::sqrt: return Work::division;
    case Op::power: return Work::power;
    case Op::negate:
    case Op::abs:
    case Op::sign: return Work::simple;
    default: return is_binary(op) ? Work::simple : Work::function;
  }
}

}  // namespace

LaneRegisters::LaneRegisters(std::size_t size)
    : values_(static_cast<double*>(std::aligned_alloc(alignment, size * sizeof(double)))) {
  if (!values_) throw std::bad_alloc();
  std::fill_n(values_.get(), size, 0.0);
}

void LaneRegisters::Free::operator()(double* values) const { std::free(values); }

int LaneTape::place(Op op, int a, int b) {
  const int target = size_;
  size_ += lanes;
  steps_.push_back({op, target, a, b});
  return target;
}

int LaneTape::number(double value) {
  for (const auto& [offset, known] : numbers_) {
    if (std::memcmp(&known, &value, sizeof value) == 0) return offset;
  }
  numbers_.emplace_back(size_, value);
  size_ += lanes;
  return numbers_.back().first;
}

/// Powers that are products and roots: a general power costs as much as ten of them.
std::optional<int> LaneTape::power(int a, double exponent) {
  const double size = std::abs(exponent), whole = std::floor(size), quarters = 4.0 * (size - whole);
  if (size > 8.0 || quarters != std::floor(quarters)) return std::nullopt;
  int result = -1;
  const auto times = [&](int factor) { result = result < 0 ? factor : place(Op::multiply, result, factor); };
  int square = a;
  for (int rest = static_cast<int>(whole); rest > 0; rest /= 2) {
    if (rest % 2 != 0) times(square);
    if (rest > 1) square = place(Op::multiply, square, square);
  }
  if (quarters > 0.0) {
    const int root = place(Op::sqrt, a, a);
    if (quarters >= 2.0) times(root);
    if (quarters != 2.0) times(place(Op::sqrt, root, root));
  }
  return exponent < 0.0 ? place(Op::divide, number(1.0), result) : result;
}

LaneTape::LaneTape(const Tape& tape, const std::vector<int>& levels) : input_level_(levels) {
  std::vector<int> level(static_cast<std::size_t>(tape.registers_), 0), offset(level.size(), -1);
  const auto at = [](auto& values, int i) -> auto& { return values[static_cast<std::size_t>(i)]; };
  int top = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    level[i] = levels[i];
    offset[i] = size_;
    inputs_.push_back(size_);
    size_ += lanes;
    top = std::max(top, levels[i]);
  }
  for (const auto& step : tape.code_) {
    at(level, step.target) =
        std::max(step.a >= 0 ? at(level, step.a) : 0, step.b >= 0 ? at(level, step.b) : 0);
  }
  for (int now = 0; now <= top; ++now) {
    begin_.push_back(steps_.size());
    for (const auto& step : tape.code_) {
      if (at(level, step.target) != now) continue;
      const int a = step.a >= 0 ? at(offset, step.a) : number(step.a_value);
      std::optional<int> result;
      if (step.op == Op::power && step.b < 0) result = power(a, step.b_value);
      if (!result) {
        const int b = !is_binary(step.op) ? a : step.b >= 0 ? at(offset, step.b) : number(step.b_value);
        result = place(step.op, a, b);
      }
      at(offset, step.target) = *result;
    }
  }
  begin_.push_back(steps_.size());
  for (const auto& output : tape.outputs_) {
    outputs_.push_back(output.slot >= 0 ? at(offset, output.slot) : number(output.value));
  }
  share_registers(static_cast<int>(begin_[begin_.size() - 2]));
  for (std::size_t now = 0; now + 1 < begin_.size(); ++now) {
    work_.emplace_back();
    for (auto k = begin_[now]; k < begin_[now + 1]; ++k) {
      work_.back()[static_cast<std::size_t>(kind_of(steps_[k].op))] += lanes;
    }
  }
}

/// Lets the results of the last level share registers, so that they stay in the first cache.
void LaneTape::share_registers(int first_step) {
  std::map<int, std::size_t> last_use;
  const auto first = static_cast<std::size_t>(first_step);
  std::set<int> kept(outputs_.begin(), outputs_.end());
  for (std::size_t k = first; k < steps_.size(); ++k) last_use[steps_[k].a] = last_use[steps_[k].b] = k;
  std::vector<int> free;
  std::map<int, int> moved;  // old offset -> new
  const auto renamed = [&moved](int offset) {
    const auto found = moved.find(offset);
    return found == moved.end() ? offset : found->second;
  };
  // All results of this level lie behind the others, except for numbers that arose on the way.
  std::set<int> own;
  for (std::size_t k = first; k < steps_.size(); ++k) own.insert(steps_[k].target);
  std::vector<int> pool(own.begin(), own.end());
  std::size_t taken = 0;
  for (std::size_t k = first; k < steps_.size(); ++k) {
    auto& step = steps_[k];
    const int target = step.target, a = step.a, b = step.b;
    step.a = renamed(a);
    step.b = renamed(b);
    if (free.empty()) free.push_back(pool[taken++]);
    moved[target] = step.target = free.back();
    free.pop_back();
    for (const int operand : {a, b}) {
      const bool finished = own.count(operand) != 0 && kept.count(operand) == 0 && last_use[operand] == k;
      if (finished && (operand == a || a != b)) free.push_back(renamed(operand));
      if (a == b) break;
    }
  }
  for (auto& output : outputs_) output = renamed(output);
}

LaneRegisters LaneTape::registers() const {
  LaneRegisters registers(static_cast<std::size_t>(size_));
  for (const auto& [offset, value] : numbers_) std::fill_n(registers[offset], lanes, value);
  return registers;
}

void LaneTape::run(int level, LaneRegisters& registers) const {
  static const RunSteps run_steps = choose_run_steps();
  const auto first = begin_[static_cast<std::size_t>(level)],
             last = begin_[static_cast<std::size_t>(level) + 1];
  count_work(work_[static_cast<std::size_t>(level)]);
  run_steps(steps_.data() + first, last - first, registers[0]);
}

std::vector<int> LaneTape::carried(int level) const {
  std::set<int> known, used(outputs_.begin(), outputs_.end());
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (input_level_[i] <= level) known.insert(inputs_[i]);
  }
  const auto end = begin_[static_cast<std::size_t>(level) + 1];
  for (std::size_t k = 0; k < end; ++k) known.insert(steps_[k].target);
  for (std::size_t k = end; k < steps_.size(); ++k) {
    used.insert(steps_[k].a);
    used.insert(steps_[k].b);
  }
  std::vector<int> result;
  std::set_intersection(known.begin(), known.end(), used.begin(), used.end(), std::back_inserter(result));
  return result;
}

namespace {

/// One evaluation of a tape on matrices (R, N): inputs of one column are the parameters of their row, and
/// what depends on nothing else is computed once a row.
class MatrixEvaluation {
 public:
  MatrixEvaluation(const Tape& tape, const std::vector<Tensor>& inputs);
  std::vector<Tensor> run();

 private:
  static std::vector<int> levels(const std::vector<Tensor>& inputs);
  void make_outputs();
  void run_rows();
  void run_places();
  void load(int level, std::int64_t first, std::int64_t count);
  void store(int level, std::int64_t first, std::int64_t count);

  const Tape& tape_;
  std::vector<Tensor> inputs_;
  std::vector<int> levels_;
  LaneTape lanes_;
  LaneRegisters registers_;
  std::int64_t rows_ = 1, columns_ = 1;
  std::vector<int> carried_;
  std::vector<double> row_values_;  // (carried, R)
  std::vector<Tensor> outputs_;
  std::vector<int> output_level_;
};

std::vector<int> MatrixEvaluation::levels(const std::vector<Tensor>& inputs) {
  std::vector<int> result;
  for (const auto& input : inputs) result.push_back(input.size(1) > 1 ? 1 : 0);
  return result;
}

MatrixEvaluation::MatrixEvaluation(const Tape& tape, const std::vector<Tensor>& inputs)
    : tape_(tape),
      inputs_(inputs),
      levels_(levels(inputs)),
      lanes_(tape, levels_),
      registers_(lanes_.registers()) {
  for (const auto& input : inputs_) {
    rows_ = std::max(rows_, input.size(0));
    columns_ = std::max(columns_, input.size(1));
  }
  make_outputs();
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    inputs_[i] = inputs_[i].expand({rows_, levels_[i] == 1 ? columns_ : 1}).contiguous();
  }
}

void MatrixEvaluation::make_outputs() {
  std::vector<bool> by_row, by_column;
  for (const auto& input : inputs_) {
    by_row.push_back(input.size(0) > 1);
    by_column.push_back(input.size(1) > 1);
  }
  const auto in_row = tape_.depends(by_row), in_column = tape_.depends(by_column);
  for (std::size_t i = 0; i < lanes_.outputs(); ++i) {
    output_level_.push_back(in_column[i] ? 1 : 0);
    outputs_.push_back(
        at::empty({in_row[i] ? rows_ : 1, in_column[i] ? columns_ : 1}, inputs_.front().options()));
  }
}

/// Inputs of one level from element `first` on; the lanes beyond `count` repeat the last one.
void MatrixEvaluation::load(int level, std::int64_t first, std::int64_t count) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (levels_[i] != level) continue;
    const double* from = inputs_[i].data_ptr<double>() + first;
    double* to = registers_[lanes_.input(i)];
    std::copy_n(from, count, to);
    std::fill(to + count, to + lanes, from[count - 1]);
  }
}

void MatrixEvaluation::store(int level, std::int64_t first, std::int64_t count) {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (output_level_[i] != level) continue;
    const auto fits = std::min(count, outputs_[i].numel() - first);  // a row that all share is computed once
    if (fits > 0) std::copy_n(registers_[lanes_.output(i)], fits, outputs_[i].data_ptr<double>() + first);
  }
}

void MatrixEvaluation::run_rows() {
  if (columns_ > 1) carried_ = lanes_.carried(0);
  row_values_.resize(carried_.size() * static_cast<std::size_t>(rows_));
  for (std::int64_t first = 0; first < rows_; first += lanes) {
    const auto count = std::min<std::int64_t>(lanes, rows_ - first);
    load(0, first, count);
    lanes_.run(0, registers_);
    store(0, first, count);
    for (std::size_t c = 0; c < carried_.size(); ++c) {
      std::copy_n(registers_[carried_[c]], count,
                  row_values_.data() + static_cast<std::int64_t>(c) * rows_ + first);
    }
  }
}

void MatrixEvaluation::run_places() {
  const auto all = rows_ * columns_;
  std::int64_t spread = -1;  // the row whose values fill the carried registers
  for (std::int64_t first = 0; first < all; first += lanes) {
    const auto count = std::min<std::int64_t>(lanes, all - first);
    const auto row = first / columns_, last = (first + count - 1) / columns_;
    for (std::size_t c = 0; c < carried_.size() && (row != last || row != spread); ++c) {
      const double* values = row_values_.data() + static_cast<std::int64_t>(c) * rows_;
      double* to = registers_[carried_[c]];
      if (row == last) {
        std::fill_n(to, lanes, values[row]);
      } else {
        for (int i = 0; i < lanes; ++i) to[i] = values[std::min(first + i, all - 1) / columns_];
      }
    }
    spread = row == last ? row : -1;
    load(1, first, count);
    lanes_.run(1, registers_);
    store(1, first, count);
  }
}

std::vector<Tensor> MatrixEvaluation::run() {
  run_rows();
  if (columns_ > 1) run_places();
  const auto numbers = tape_.depends(std::vector<bool>(inputs_.size(), true));
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (!numbers[i]) {
      outputs_[i] = at::scalar_tensor(*registers_[lanes_.output(i)], inputs_.front().options());
    }
  }
  return std::move(outputs_);
}

}  // namespace

bool fits_lanes(const std::vector<Tensor>& inputs) {
  return std::all_of(inputs.begin(), inputs.end(), [](const Tensor& input) {
    return input.dim() == 2 && input.numel() > 0 && on_kernels(input);
  });
}

std::vector<Tensor> evaluate_on_lanes(const Tape& tape, const std::vector<Tensor>& inputs) {
  return MatrixEvaluation(tape, inputs).run();
}

}  // namespace gluesweep::problem
