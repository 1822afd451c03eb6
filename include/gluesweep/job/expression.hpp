#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gluesweep::job {

/// The elementary functions an expression may call:
/// exp expm1 log log10 log1p sqrt sin cos tan asin acos atan sinh cosh tanh erf abs (one argument),
/// min max (two arguments). The name `pi` is the number.
enum class Function {
  exp,
  expm1,
  log,
  log10,
  log1p,
  sqrt,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  erf,
  abs,
  min,
  max
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

  ExpressionNode() = default;
  ExpressionNode(const ExpressionNode&) = default;
  ExpressionNode& operator=(const ExpressionNode&) = default;
  /// Releases the tree without recursion: a flat sum of thousands of terms is as deep as it is long.
  ~ExpressionNode();
};

/// The name of a function as it is written in an expression, and its number of arguments.
std::string_view function_name(Function function);
std::size_t argument_count(Function function);

/// A refused expression: problem() says what is wrong, remedy() what is accepted or what to do, what() is
/// both; position() is the offset of the offending character (the text's length when something is missing at
/// its end).
class ExpressionError : public std::runtime_error {
 public:
  ExpressionError(const std::string& problem, const std::string& remedy, std::size_t position)
      : std::runtime_error(problem + "; " + remedy),
        problem_(problem),
        remedy_(remedy),
        position_(position) {}
  const std::string& problem() const { return problem_; }
  const std::string& remedy() const { return remedy_; }
  std::size_t position() const { return position_; }

 private:
  std::string problem_, remedy_;
  std::size_t position_;
};

/// A parsed arithmetic expression of named symbols: it can compute and nothing else. Grammar (Python's
/// precedence; ** binds tighter than a sign on its left and associates to the right):
///   sum := product (('+'|'-') product)*     product := signed (('*'|'/') signed)*
///   signed := ('+'|'-') signed | power      power := atom ('**' signed)?
///   atom := number | name | name '(' sum (',' sum)* ')' | '(' sum ')'
/// The tree is at most 200 levels deep through parentheses, signs and powers, but its left side may be as
/// deep as a flat sum or product is long (5,000 terms): code that walks it should use an explicit stack.
struct Expression {
  std::string text;                            ///< as written
  std::shared_ptr<const ExpressionNode> root;  ///< null for an absent optional expression

  explicit operator bool() const { return root != nullptr; }
};

/// Parses and whitelists `text`; throws ExpressionError. At most 10,000 characters and a nesting of 200.
Expression parse_expression(std::string_view text);

/// An expression that is a plain number (defaults of optional expressions). Throws std::invalid_argument
/// unless `value` is finite.
Expression constant_expression(double value);

/// The names an expression uses (none for an absent one).
std::set<std::string> symbols_of(const Expression& expression);

/// The offset of the first use of `symbol`; throws std::invalid_argument where it does not occur.
std::size_t position_of(const Expression& expression, const std::string& symbol);

/// The names that no symbol may take (functions and `pi`).
const std::set<std::string>& reserved_names();

}  // namespace gluesweep::job
