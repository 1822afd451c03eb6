#include "gluesweep/problem/tape.hpp"

#include <map>
#include <stdexcept>

#include "gluesweep/problem/lane_tape.hpp"

namespace gluesweep::problem {
namespace {

using at::Tensor;

Tensor apply_unary(Op op, const Tensor& a) {
  switch (op) {
    case Op::negate: return a.neg();
    case Op::exp: return a.exp();
    case Op::expm1: return a.expm1();
    case Op::log: return a.log();
    case Op::log10: return a.log10();
    case Op::log1p: return a.log1p();
    case Op::sqrt: return a.sqrt();
    case Op::sin: return a.sin();
    case Op::cos: return a.cos();
    case Op::tan: return a.tan();
    case Op::asin: return a.asin();
    case Op::acos: return a.acos();
    case Op::atan: return a.atan();
    case Op::sinh: return a.sinh();
    case Op::cosh: return a.cosh();
    case Op::tanh: return a.tanh();
    case Op::erf: return a.erf();
    case Op::abs: return a.abs();
    case Op::sign: return a.sign();
    default: throw std::logic_error("not a unary operation");
  }
}

Tensor smaller(const Tensor& a, const Tensor& b) { return at::minimum(a, b); }
Tensor smaller(const Tensor& a, double b) { return a.clamp_max(b); }
Tensor larger(const Tensor& a, const Tensor& b) { return at::maximum(a, b); }
Tensor larger(const Tensor& a, double b) { return a.clamp_min(b); }

/// b is a Tensor or a number.
template <class Right>
Tensor apply_binary(Op op, const Tensor& a, const Right& b) {
  switch (op) {
    case Op::add: return a + b;
    case Op::subtract: return a - b;
    case Op::multiply: return a * b;
    case Op::divide: return a / b;
    case Op::power: return at::pow(a, b);
    case Op::minimum: return smaller(a, b);
    case Op::maximum: return larger(a, b);
    case Op::less: return (a < b).to(at::kDouble);
    default: throw std::logic_error("not a binary operation");
  }
}

Tensor apply_left_number(Op op, double a, const Tensor& b) {
  switch (op) {
    case Op::subtract: return at::rsub(b, a);
    case Op::divide: return a == 1.0 ? b.reciprocal() : b.reciprocal() * a;
    case Op::power: return at::pow(at::Scalar(a), b);
    case Op::less: return (b > a).to(at::kDouble);
    default: return apply_binary(op, b, a);  // commutative
  }
}

}  // namespace

Tape::Tape(const Graph& graph, const std::vector<Node>& inputs, const std::vector<Node>& outputs) {
  std::map<Node, int> slot;
  for (std::size_t i = 0; i < inputs.size(); ++i) slot[inputs[i]] = static_cast<int>(i);
  registers_ = static_cast<int>(inputs.size());

  Node last = -1;
  for (const Node node : outputs) last = std::max(last, node);
  std::vector<bool> needed(static_cast<std::size_t>(last + 1), false);
  for (const Node node : outputs) needed[static_cast<std::size_t>(node)] = true;
  for (Node i = last; i >= 0; --i) {
    if (!needed[static_cast<std::size_t>(i)]) continue;
    if (graph[i].a >= 0) needed[static_cast<std::size_t>(graph[i].a)] = true;
    if (graph[i].b >= 0) needed[static_cast<std::size_t>(graph[i].b)] = true;
  }
  std::map<int, std::size_t> last_use;
  for (Node i = 0; i <= last; ++i) {
    if (!needed[static_cast<std::size_t>(i)]) continue;
    const auto& entry = graph[i];
    if (entry.op == Op::number) continue;
    if (entry.op == Op::symbol) {
      if (slot.count(i) == 0) throw std::logic_error("symbol '" + entry.name + "' is not an input");
      continue;
    }
    Instruction step{entry.op, -1, -1, registers_++, 0.0, 0.0, {}};
    const auto operand = [&](Node node, int& reg, double& value) {
      if (node < 0) return;
      if (graph[node].op == Op::number) {
        value = graph[node].value;
      } else {
        reg = slot.at(node);
        last_use[reg] = code_.size();
      }
    };
    operand(entry.a, step.a, step.a_value);
    operand(entry.b, step.b, step.b_value);
    slot[i] = step.target;
    code_.push_back(std::move(step));
  }
  for (const Node node : outputs) {
    if (graph[node].op == Op::number) {
      outputs_.push_back({-1, graph[node].value});
    } else {
      outputs_.push_back({slot.at(node), 0.0});
      last_use.erase(slot.at(node));
    }
  }
  for (const auto& [reg, instruction] : last_use) {
    if (reg >= static_cast<int>(inputs.size())) code_[instruction].finished.push_back(reg);
  }
}

std::vector<bool> Tape::depends(const std::vector<bool>& inputs) const {
  std::vector<bool> marked(static_cast<std::size_t>(registers_), false);
  std::copy(inputs.begin(), inputs.end(), marked.begin());
  const auto is_marked = [&marked](int slot) { return slot >= 0 && marked[static_cast<std::size_t>(slot)]; };
  for (const auto& step : code_) {
    marked[static_cast<std::size_t>(step.target)] = is_marked(step.a) || is_marked(step.b);
  }
  std::vector<bool> result;
  for (const auto& output : outputs_) result.push_back(is_marked(output.slot));
  return result;
}

std::vector<Tensor> Tape::operator()(const std::vector<Tensor>& inputs) const {
  if (fits_lanes(inputs)) return evaluate_on_lanes(*this, inputs);
  std::vector<Tensor> values(static_cast<std::size_t>(registers_));
  std::copy(inputs.begin(), inputs.end(), values.begin());
  const auto at_slot = [&values](int slot) -> Tensor& { return values[static_cast<std::size_t>(slot)]; };
  for (const auto& step : code_) {
    Tensor& target = at_slot(step.target);
    if (!is_binary(step.op))
      target = apply_unary(step.op, at_slot(step.a));
    else if (step.a < 0)
      target = apply_left_number(step.op, step.a_value, at_slot(step.b));
    else if (step.b < 0)
      target = apply_binary(step.op, at_slot(step.a), step.b_value);
    else
      target = apply_binary(step.op, at_slot(step.a), at_slot(step.b));
    for (const int slot : step.finished) at_slot(slot).reset();
  }
  std::vector<Tensor> results;
  results.reserve(outputs_.size());
  for (const auto& output : outputs_) {
    results.push_back(output.slot >= 0 ? at_slot(output.slot)
                                       : at::scalar_tensor(output.value, inputs.front().options()));
  }
  return results;
}

std::vector<double> Tape::operator()(const std::vector<double>& inputs) const {
  std::vector<double> values(static_cast<std::size_t>(registers_));
  std::copy(inputs.begin(), inputs.end(), values.begin());
  for (const auto& step : code_) {
    const double a = step.a >= 0 ? values[static_cast<std::size_t>(step.a)] : step.a_value;
    const double b = step.b >= 0 ? values[static_cast<std::size_t>(step.b)] : step.b_value;
    values[static_cast<std::size_t>(step.target)] = evaluate(step.op, a, b);
  }
  std::vector<double> results;
  results.reserve(outputs_.size());
  for (const auto& output : outputs_) {
    results.push_back(output.slot >= 0 ? values[static_cast<std::size_t>(output.slot)] : output.value);
  }
  return results;
}

}  // namespace gluesweep::problem
