#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gluesweep::job {

/// The elementary functions an expression may call, with their number of arguments:
/// exp expm1 log log10 log1p sqrt cbrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf abs (one),
/// min max atan2-free pairs (two: min, max). The name `pi` is the number.
enum class Function {
  exp, expm1, log, log10, log1p, sqrt, sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, erf, abs, min, max
};

enum class ExpressionKind { number, symbol, negate, add, subtract, multiply, divide, power, call };

/// One node of a parsed expression. Immutable and shared; `position` is the offset of its first character
/// in the text it was parsed from.
struct ExpressionNode {
  ExpressionKind kind = ExpressionKind::number;
  double number = 0.0;
  std::string symbol;
  Function function = Function::exp;
  std::vector<std::shared_ptr<const ExpressionNode>> operands;
  std::size_t position = 0;
};

/// A refused expression: what() says what is wrong and what is accepted; position() is the offset of the
/// offending character.
class ExpressionError : public std::runtime_error {
 public:
  ExpressionError(const std::string& message, std::size_t position)
      : std::runtime_error(message), position_(position) {}
  std::size_t position() const { return position_; }

 private:
  std::size_t position_;
};

/// A parsed arithmetic expression of named symbols: it can compute and nothing else. Grammar (Python's
/// precedence; ** binds tighter than a sign on its left and associates to the right):
///   sum := product (('+'|'-') product)*     product := signed (('*'|'/') signed)*
///   signed := ('+'|'-') signed | power      power := atom ('**' signed)?
///   atom := number | name | name '(' sum (',' sum)* ')' | '(' sum ')'
struct Expression {
  std::string text;                            ///< as written
  std::shared_ptr<const ExpressionNode> root;  ///< null for an absent optional expression

  explicit operator bool() const { return root != nullptr; }
};

/// Parses and whitelists `text`; throws ExpressionError. At most 10,000 characters and a nesting of 200.
Expression parse_expression(std::string_view text);

/// An expression that is a plain number (defaults of optional expressions).
Expression constant_expression(double value);

/// The names an expression uses, and the position of the first use of one of them.
std::set<std::string> symbols_of(const Expression& expression);
std::size_t position_of(const Expression& expression, const std::string& symbol);

/// The names that no symbol may take (functions and `pi`).
const std::set<std::string>& reserved_names();

}  // namespace gluesweep::job
