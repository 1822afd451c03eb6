#include "gluesweep/problem/graph.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

namespace gluesweep::problem {
namespace {

constexpr double pi = 3.14159265358979323846;

Op op_of(job::Function function) {
  using job::Function;
  switch (function) {
    case Function::exp: return Op::exp;
    case Function::expm1: return Op::expm1;
    case Function::log: return Op::log;
    case Function::log10: return Op::log10;
    case Function::log1p: return Op::log1p;
    case Function::sqrt: return Op::sqrt;
    case Function::sin: return Op::sin;
    case Function::cos: return Op::cos;
    case Function::tan: return Op::tan;
    case Function::asin: return Op::asin;
    case Function::acos: return Op::acos;
    case Function::atan: return Op::atan;
    case Function::sinh: return Op::sinh;
    case Function::cosh: return Op::cosh;
    case Function::tanh: return Op::tanh;
    case Function::erf: return Op::erf;
    case Function::abs: return Op::abs;
    case Function::min: return Op::minimum;
    case Function::max: return Op::maximum;
  }
  return Op::number;
}

bool is_leaf(Op op) { return op == Op::number || op == Op::symbol; }

}  // namespace

double evaluate(Op op, double a, double b) {
  switch (op) {
    case Op::add: return a + b;
    case Op::subtract: return a - b;
    case Op::multiply: return a * b;
    case Op::divide: return a / b;
    case Op::power: return std::pow(a, b);
    // As in the array evaluation, an undefined operand makes the result undefined.
    case Op::minimum: return std::isnan(a) || std::isnan(b) ? a + b : std::min(a, b);
    case Op::maximum: return std::isnan(a) || std::isnan(b) ? a + b : std::max(a, b);
    case Op::less: return a < b ? 1.0 : 0.0;
    case Op::negate: return -a;
    case Op::exp: return std::exp(a);
    case Op::expm1: return std::expm1(a);
    case Op::log: return std::log(a);
    case Op::log10: return std::log10(a);
    case Op::log1p: return std::log1p(a);
    case Op::sqrt: return std::sqrt(a);
    case Op::sin: return std::sin(a);
    case Op::cos: return std::cos(a);
    case Op::tan: return std::tan(a);
    case Op::asin: return std::asin(a);
    case Op::acos: return std::acos(a);
    case Op::atan: return std::atan(a);
    case Op::sinh: return std::sinh(a);
    case Op::cosh: return std::cosh(a);
    case Op::tanh: return std::tanh(a);
    case Op::erf: return std::erf(a);
    case Op::abs: return std::abs(a);
    case Op::sign: return static_cast<double>((a > 0.0) - (a < 0.0));
    case Op::number:
    case Op::symbol: break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

Node Graph::insert(Entry entry) {
  entries_.push_back(std::move(entry));
  return static_cast<Node>(entries_.size()) - 1;
}

Node Graph::number(double value) {
  if (std::isnan(value)) return insert({Op::number, -1, -1, value, {}});  // no order: it is never a key
  if (value == 0.0) value = 0.0;  // one zero: -0 and 0 compare equal as keys
  const auto found = numbers_.find(value);
  if (found != numbers_.end()) return found->second;
  const Node node = insert({Op::number, -1, -1, value, {}});
  numbers_.emplace(value, node);
  return node;
}

Node Graph::symbol(const std::string& name) {
  const auto found = symbols_.find(name);
  if (found != symbols_.end()) return found->second;
  const Node node = insert({Op::symbol, -1, -1, 0.0, name});
  symbols_.emplace(name, node);
  return node;
}

Node Graph::make(Op op, Node a, Node b) {
  if (is_number(a) && (!is_binary(op) || is_number(b))) {
    return number(evaluate(op, (*this)[a].value, is_binary(op) ? (*this)[b].value : 0.0));
  }
  const auto key = std::make_tuple(op, a, b);
  const auto found = operations_.find(key);
  if (found != operations_.end()) return found->second;
  const Node node = insert({op, a, b, 0.0, {}});
  operations_.emplace(key, node);
  return node;
}

Node Graph::add(Node a, Node b) {
  if (is_number(a, 0.0)) return b;
  if (is_number(b, 0.0)) return a;
  if ((*this)[b].op == Op::negate) return subtract(a, (*this)[b].a);
  if ((*this)[a].op == Op::negate) return subtract(b, (*this)[a].a);
  if (a > b) std::swap(a, b);
  return make(Op::add, a, b);
}

Node Graph::subtract(Node a, Node b) {
  if (a == b) return number(0.0);
  if (is_number(b, 0.0)) return a;
  if (is_number(a, 0.0)) return negate(b);
  if ((*this)[b].op == Op::negate) return add(a, (*this)[b].a);
  return make(Op::subtract, a, b);
}

Node Graph::negate(Node a) {
  if ((*this)[a].op == Op::negate) return (*this)[a].a;
  return make(Op::negate, a, -1);
}

Node Graph::multiply(Node a, Node b) {
  if (is_number(a, 0.0) || is_number(b, 0.0)) return number(0.0);
  if (is_number(a, 1.0)) return b;
  if (is_number(b, 1.0)) return a;
  if (is_number(a, -1.0)) return negate(b);
  if (is_number(b, -1.0)) return negate(a);
  if ((*this)[a].op == Op::negate) return negate(multiply((*this)[a].a, b));
  if ((*this)[b].op == Op::negate) return negate(multiply(a, (*this)[b].a));
  if (a > b) std::swap(a, b);
  return make(Op::multiply, a, b);
}

Node Graph::divide(Node a, Node b) {
  if (is_number(b, 1.0)) return a;
  if (is_number(b, 0.0)) return make(Op::divide, a, b);  // 0 / 0 is no number
  if (is_number(a, 0.0)) return a;
  if (a == b) return number(1.0);
  if ((*this)[a].op == Op::negate) return negate(divide((*this)[a].a, b));
  if ((*this)[b].op == Op::negate) return negate(divide(a, (*this)[b].a));
  return make(Op::divide, a, b);
}

Node Graph::power(Node a, Node b) {
  if (is_number(b)) {
    const double exponent = (*this)[b].value;
    if (exponent == 0.0) return number(1.0);
    if (exponent == 1.0) return a;
    if (exponent == 2.0) return multiply(a, a);
    if (exponent == -1.0) return divide(number(1.0), a);
    if (exponent == 0.5) return apply(Op::sqrt, a);
  }
  return make(Op::power, a, b);
}

Node Graph::minimum(Node a, Node b) { return a == b ? a : make(Op::minimum, std::min(a, b), std::max(a, b)); }
Node Graph::maximum(Node a, Node b) { return a == b ? a : make(Op::maximum, std::min(a, b), std::max(a, b)); }
Node Graph::less(Node a, Node b) { return a == b ? number(0.0) : make(Op::less, a, b); }

Node Graph::apply(Op function, Node a) {
  const Entry& inner = (*this)[a];
  if (function == Op::log && inner.op == Op::exp) return inner.a;
  return make(function, a, -1);
}

Node Graph::build(const job::Expression& expression, const Symbols& symbols) {
  using job::ExpressionKind;
  using job::ExpressionNode;
  // Post-order with an explicit stack: a long sum is a deep tree.
  std::vector<std::pair<const ExpressionNode*, bool>> todo{{expression.root.get(), false}};
  std::vector<Node> values;
  const auto pop = [&values] {
    const Node top = values.back();
    values.pop_back();
    return top;
  };
  while (!todo.empty()) {
    auto [node, ready] = todo.back();
    todo.pop_back();
    if (!ready) {
      todo.emplace_back(node, true);
      for (auto operand = node->operands.rbegin(); operand != node->operands.rend(); ++operand) {
        todo.emplace_back(operand->get(), false);
      }
      continue;
    }
    const Node b = node->operands.size() == 2 ? pop() : -1;
    const Node a = node->operands.empty() ? -1 : pop();
    switch (node->kind) {
      case ExpressionKind::number: values.push_back(number(node->number)); break;
      case ExpressionKind::symbol:
        values.push_back(node->symbol == "pi" ? number(pi) : symbols.at(node->symbol));
        break;
      case ExpressionKind::negate: values.push_back(negate(a)); break;
      case ExpressionKind::add: values.push_back(add(a, b)); break;
      case ExpressionKind::subtract: values.push_back(subtract(a, b)); break;
      case ExpressionKind::multiply: values.push_back(multiply(a, b)); break;
      case ExpressionKind::divide: values.push_back(divide(a, b)); break;
      case ExpressionKind::power: values.push_back(power(a, b)); break;
      case ExpressionKind::call:
        if (node->function == job::Function::min)
          values.push_back(minimum(a, b));
        else if (node->function == job::Function::max)
          values.push_back(maximum(a, b));
        else
          values.push_back(apply(op_of(node->function), a));
        break;
    }
  }
  return values.back();
}

std::vector<Node> Graph::reachable(Node node) const {
  std::vector<bool> seen(static_cast<std::size_t>(node) + 1, false);
  seen[static_cast<std::size_t>(node)] = true;
  std::vector<Node> nodes;
  for (Node i = node; i >= 0; --i) {
    if (!seen[static_cast<std::size_t>(i)]) continue;
    nodes.push_back(i);
    const Entry& entry = (*this)[i];
    if (entry.a >= 0) seen[static_cast<std::size_t>(entry.a)] = true;
    if (entry.b >= 0) seen[static_cast<std::size_t>(entry.b)] = true;
  }
  std::reverse(nodes.begin(), nodes.end());
  return nodes;
}

bool Graph::depends_on(Node node, Node symbol) const {
  const auto nodes = reachable(node);
  return std::binary_search(nodes.begin(), nodes.end(), symbol);
}

Node Graph::derivative(Node node, Node symbol) {
  const auto key = std::make_pair(node, symbol);
  const auto cached = derivatives_.find(key);
  if (cached != derivatives_.end()) return cached->second;
  std::vector<Node> known(static_cast<std::size_t>(node) + 1, -1);
  for (const Node i : reachable(node)) {
    const auto done = derivatives_.find({i, symbol});
    const Node d = done != derivatives_.end() ? done->second : differentiate(i, symbol, known);
    known[static_cast<std::size_t>(i)] = d;
    derivatives_[{i, symbol}] = d;
  }
  return known[static_cast<std::size_t>(node)];
}

Node Graph::differentiate(Node node, Node symbol, const std::vector<Node>& known) {
  const Entry entry = (*this)[node];  // a copy: new nodes move the storage
  if (is_leaf(entry.op)) return number(node == symbol ? 1.0 : 0.0);
  const Node a = entry.a, b = entry.b;
  const Node da = known[static_cast<std::size_t>(a)];
  const Node db = b >= 0 ? known[static_cast<std::size_t>(b)] : -1;
  if (is_number(da, 0.0) && (db < 0 || is_number(db, 0.0))) return number(0.0);
  const auto chain = [&](Node outer) { return multiply(outer, da); };
  const Node one = number(1.0);
  switch (entry.op) {
    case Op::add: return add(da, db);
    case Op::subtract: return subtract(da, db);
    case Op::multiply: return add(multiply(da, b), multiply(a, db));
    case Op::divide: return divide(subtract(da, multiply(node, db)), b);
    case Op::power:
      if (is_number(db, 0.0)) return chain(multiply(b, power(a, subtract(b, one))));
      return multiply(node, add(multiply(db, apply(Op::log, a)), divide(multiply(b, da), a)));
    case Op::minimum: {
      const Node first = less(a, b);
      return add(multiply(first, da), multiply(subtract(one, first), db));
    }
    case Op::maximum: {
      const Node second = less(a, b);
      return add(multiply(second, db), multiply(subtract(one, second), da));
    }
    case Op::negate: return negate(da);
    case Op::exp: return chain(node);
    case Op::expm1: return chain(add(node, one));
    case Op::log: return divide(da, a);
    case Op::log10: return divide(da, multiply(number(std::log(10.0)), a));
    case Op::log1p: return divide(da, add(one, a));
    case Op::sqrt: return divide(da, multiply(number(2.0), node));
    case Op::sin: return chain(apply(Op::cos, a));
    case Op::cos: return negate(chain(apply(Op::sin, a)));
    case Op::tan: return chain(add(one, multiply(node, node)));
    case Op::asin: return divide(da, apply(Op::sqrt, subtract(one, multiply(a, a))));
    case Op::acos: return negate(divide(da, apply(Op::sqrt, subtract(one, multiply(a, a)))));
    case Op::atan: return divide(da, add(one, multiply(a, a)));
    case Op::sinh: return chain(apply(Op::cosh, a));
    case Op::cosh: return chain(apply(Op::sinh, a));
    case Op::tanh: return chain(subtract(one, multiply(node, node)));
    case Op::erf: return chain(multiply(number(2.0 / std::sqrt(pi)), apply(Op::exp, negate(multiply(a, a)))));
    case Op::abs: return chain(apply(Op::sign, a));
    case Op::less:
    case Op::sign:
    case Op::number:
    case Op::symbol: break;
  }
  return number(0.0);
}

Node Graph::substitute(Node node, const std::map<Node, Node>& replacements) {
  std::map<Node, Node> replaced;
  for (const Node i : reachable(node)) {
    const Entry entry = (*this)[i];
    const auto found = replacements.find(i);
    if (found != replacements.end()) {
      replaced[i] = found->second;
      continue;
    }
    if (is_leaf(entry.op)) {
      replaced[i] = i;
      continue;
    }
    const Node a = replaced.at(entry.a);
    const Node b = entry.b >= 0 ? replaced.at(entry.b) : -1;
    switch (entry.op) {
      case Op::add: replaced[i] = add(a, b); break;
      case Op::subtract: replaced[i] = subtract(a, b); break;
      case Op::multiply: replaced[i] = multiply(a, b); break;
      case Op::divide: replaced[i] = divide(a, b); break;
      case Op::power: replaced[i] = power(a, b); break;
      case Op::minimum: replaced[i] = minimum(a, b); break;
      case Op::maximum: replaced[i] = maximum(a, b); break;
      case Op::less: replaced[i] = less(a, b); break;
      case Op::negate: replaced[i] = negate(a); break;
      default: replaced[i] = apply(entry.op, a); break;
    }
  }
  return replaced.at(node);
}

Node Graph::invert(Node node, Node symbol, Node value) {
  while (node != symbol) {
    const Entry entry = (*this)[node];
    if (is_leaf(entry.op)) return -1;
    const bool in_a = depends_on(entry.a, symbol);
    const bool in_b = entry.b >= 0 && depends_on(entry.b, symbol);
    if (in_a == in_b) return -1;
    const Node a = entry.a, b = entry.b, one = number(1.0);
    switch (entry.op) {
      case Op::add: value = subtract(value, in_a ? b : a); break;
      case Op::subtract: value = in_a ? add(value, b) : subtract(a, value); break;
      case Op::multiply: value = divide(value, in_a ? b : a); break;
      case Op::divide: value = in_a ? multiply(value, b) : divide(a, value); break;
      case Op::power:
        value = in_a ? power(value, divide(one, b)) : divide(apply(Op::log, value), apply(Op::log, a));
        break;
      case Op::negate: value = negate(value); break;
      case Op::exp: value = apply(Op::log, value); break;
      case Op::expm1: value = apply(Op::log1p, value); break;
      case Op::log: value = apply(Op::exp, value); break;
      case Op::log10: value = power(number(10.0), value); break;
      case Op::log1p: value = apply(Op::expm1, value); break;
      case Op::sqrt: value = multiply(value, value); break;
      case Op::sinh:
        value = apply(Op::log, add(value, apply(Op::sqrt, add(multiply(value, value), one))));
        break;
      case Op::tanh:
        value = multiply(number(0.5), apply(Op::log, divide(add(one, value), subtract(one, value))));
        break;
      default: return -1;
    }
    node = in_a ? a : b;
  }
  return value;
}

}  // namespace gluesweep::problem
