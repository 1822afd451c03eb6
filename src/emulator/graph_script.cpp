#include "graph_script.hpp"

#include <cstdio>
#include <set>
#include <stdexcept>

namespace gluesweep::emulator {

using problem::Node;
using problem::Op;

std::string number_text(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  std::string result = text;
  if (result.find_first_of(".en") == std::string::npos) result += ".0";
  return value < 0.0 ? "(" + result + ")" : result;
}

namespace {

const char* function_name(Op op) {
  switch (op) {
    case Op::exp: return "exp";
    case Op::expm1: return "expm1";
    case Op::log: return "log";
    case Op::log10: return "log10";
    case Op::log1p: return "log1p";
    case Op::sqrt: return "sqrt";
    case Op::sin: return "sin";
    case Op::cos: return "cos";
    case Op::tan: return "tan";
    case Op::asin: return "asin";
    case Op::acos: return "acos";
    case Op::atan: return "atan";
    case Op::sinh: return "sinh";
    case Op::cosh: return "cosh";
    case Op::tanh: return "tanh";
    case Op::erf: return "erf";
    case Op::abs: return "abs";
    case Op::sign: return "sign";
    default: throw std::logic_error("not a function");
  }
}

}  // namespace

std::string GraphScript::operand(Node node) const {
  const auto& entry = graph_[node];
  if (entry.op == Op::number) return number_text(entry.value);
  const auto found = names_.find(node);
  if (found == names_.end()) throw std::logic_error("symbol '" + entry.name + "' has no name in the source");
  return found->second;
}

std::string GraphScript::operation(const problem::Graph::Entry& entry) const {
  const auto a = operand(entry.a);
  if (entry.op == Op::negate) return "-" + a;
  if (!problem::is_binary(entry.op)) return "torch." + std::string(function_name(entry.op)) + "(" + a + ")";
  const auto b = operand(entry.b);
  const bool number_a = is_number(entry.a), number_b = is_number(entry.b);
  const auto bound = [&](const std::string& of_tensors, const std::string& of_number) {
    if (number_a) return "torch." + of_number + "(" + b + ", " + a + ")";
    return "torch." + (number_b ? of_number : of_tensors) + "(" + a + ", " + b + ")";
  };
  switch (entry.op) {
    case Op::add: return a + " + " + b;
    case Op::subtract: return a + " - " + b;
    case Op::multiply: return a + " * " + b;
    case Op::divide: return a + " / " + b;
    case Op::power: return "torch.pow(" + a + ", " + b + ")";
    case Op::minimum: return bound("minimum", "clamp_max");
    case Op::maximum: return bound("maximum", "clamp_min");
    case Op::less: return (number_a ? "torch.gt(" + b + ", " + a : "torch.lt(" + a + ", " + b) + ").to(7)";
    default: throw std::logic_error("not a binary operation");
  }
}

std::string GraphScript::write(Node node, std::string& source) {
  // Operands have smaller indices than what uses them.
  std::set<Node> needed{node};
  for (auto i = needed.end(); i != needed.begin();) {
    --i;
    const auto& entry = graph_[*i];
    for (const Node operand : {entry.a, entry.b}) {
      if (operand >= 0 && names_.count(*i) == 0) needed.insert(operand);
    }
  }
  for (const Node i : needed) {
    const auto& entry = graph_[i];
    if (entry.op == Op::number || names_.count(i) != 0) continue;
    if (entry.op == Op::symbol)
      throw std::logic_error("symbol '" + entry.name + "' has no name in the source");
    const auto variable = prefix_ + std::to_string(variables_++);
    source += indent_ + variable + " = " + operation(entry) + "\n";
    names_[i] = variable;
  }
  return operand(node);
}

}  // namespace gluesweep::emulator
