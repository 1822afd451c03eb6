#include "gluesweep/job/expression.hpp"

#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <map>
#include <string>

namespace gluesweep::job {
namespace {

using Values = std::map<std::string, double>;

double call(Function function, double a, double b) {
  switch (function) {
    case Function::exp: return std::exp(a);
    case Function::expm1: return std::expm1(a);
    case Function::log: return std::log(a);
    case Function::log10: return std::log10(a);
    case Function::log1p: return std::log1p(a);
    case Function::sqrt: return std::sqrt(a);
    case Function::sin: return std::sin(a);
    case Function::cos: return std::cos(a);
    case Function::tan: return std::tan(a);
    case Function::asin: return std::asin(a);
    case Function::acos: return std::acos(a);
    case Function::atan: return std::atan(a);
    case Function::sinh: return std::sinh(a);
    case Function::cosh: return std::cosh(a);
    case Function::tanh: return std::tanh(a);
    case Function::erf: return std::erf(a);
    case Function::abs: return std::abs(a);
    case Function::min: return std::fmin(a, b);
    case Function::max: return std::fmax(a, b);
  }
  return NAN;
}

double evaluate(const ExpressionNode& node, const Values& values) {
  const auto operand = [&](std::size_t i) { return evaluate(*node.operands.at(i), values); };
  switch (node.kind) {
    case ExpressionKind::number: return node.number;
    case ExpressionKind::symbol: return values.at(node.symbol);
    case ExpressionKind::negate: return -operand(0);
    case ExpressionKind::add: return operand(0) + operand(1);
    case ExpressionKind::subtract: return operand(0) - operand(1);
    case ExpressionKind::multiply: return operand(0) * operand(1);
    case ExpressionKind::divide: return operand(0) / operand(1);
    case ExpressionKind::power: return std::pow(operand(0), operand(1));
    case ExpressionKind::call:
      return call(node.function, operand(0), node.operands.size() > 1 ? operand(1) : 0.0);
  }
  return NAN;
}

double value_of(const std::string& text, const Values& values = {}) {
  return evaluate(*parse_expression(text).root, values);
}

TEST(Expression, FollowsPrecedenceAndAssociativity) {
  const std::map<std::string, double> expected{
      {"1 + 2*3", 7},
      {"(1 + 2)*3", 9},
      {"10 - 4 - 3", 3},
      {"16/4/2", 2},
      {"2*3/4*2", 3},
      {"-2**2", -4},
      {"(-2)**2", 4},
      {"2**-1", 0.5},
      {"2**3**2", 512},
      {"2**-2**2", 1.0 / 16},
      {"--3", 3},
      {"-+-3", 3},
      {"2 - -3", 5},
      {"2*-3", -6},
      {"-2*3", -6},
      {"1e-3", 0.001},
      {".5", 0.5},
      {"5.", 5},
      {"1.5E+2", 150},
      {"  7  ", 7},
      {"abs(-3)", 3},
      {"min(2, 3)", 2},
      {"max(2, 3)", 3},
      {"max(min(1, 2), 0)", 1},
      {"exp(0)", 1},
      {"2*pi", 2 * M_PI},
      {"sqrt(2)**2", std::sqrt(2.0) * std::sqrt(2.0)},
      {"1 - 2 + 3", 2},
      {"2**0.5*2", std::sqrt(2.0) * 2},
  };
  for (const auto& [text, value] : expected) EXPECT_DOUBLE_EQ(value_of(text), value) << text;
}

TEST(Expression, KnowsEveryFunction) {
  for (const std::string& name : reserved_names()) {
    if (name == "pi") continue;
    const bool is_pair = name == "min" || name == "max";
    const Expression expression = parse_expression(name + (is_pair ? "(0.3, 0.4)" : "(0.3)"));
    EXPECT_EQ(function_name(expression.root->function), name);
    EXPECT_EQ(argument_count(expression.root->function), is_pair ? 2U : 1U);
    EXPECT_TRUE(std::isfinite(evaluate(*expression.root, {}))) << name;
  }
  EXPECT_EQ(reserved_names().size(), 20U);
}

TEST(Expression, NamesItsSymbols) {
  const Expression expression = parse_expression("k1*A - lambda*sin(k1*A_tt)/pi");
  EXPECT_EQ(symbols_of(expression), (std::set<std::string>{"A", "A_tt", "k1", "lambda"}));
  EXPECT_EQ(position_of(expression, "k1"), 0U);
  EXPECT_EQ(position_of(expression, "A_tt"), 21U);
  EXPECT_THROW(position_of(expression, "A_t"), std::invalid_argument);
  EXPECT_TRUE(symbols_of(Expression()).empty());
  EXPECT_DOUBLE_EQ(value_of("k1*A", {{"k1", 2}, {"A", 4}}), 8);
}

TEST(Expression, KeepsPositions) {
  const Expression expression = parse_expression("a + b*sin(c)");
  EXPECT_EQ(expression.root->kind, ExpressionKind::add);
  const ExpressionNode& product = *expression.root->operands[1];
  EXPECT_EQ(product.position, 4U);
  EXPECT_EQ(product.operands[1]->position, 6U);
  EXPECT_EQ(product.operands[1]->operands[0]->position, 10U);
}

TEST(Expression, MakesConstants) {
  for (const double value : {1.5, -0.25, 1e-300, 0.1 + 0.2, 12345678.9}) {
    const Expression expression = constant_expression(value);
    EXPECT_EQ(evaluate(*expression.root, {}), value);
    EXPECT_EQ(evaluate(*parse_expression(expression.text).root, {}), value);
  }
  EXPECT_THROW(constant_expression(NAN), std::invalid_argument);
  EXPECT_THROW(constant_expression(INFINITY), std::invalid_argument);
}

TEST(Expression, DoesNotDependOnTheLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"}) {
    if (std::setlocale(LC_ALL, name) == nullptr) continue;
    EXPECT_EQ(value_of("1.5 + 2e-1"), 1.7) << name;
  }
  std::setlocale(LC_ALL, before.c_str());
}

TEST(Expression, TakesLongFlatSums) {
  std::string sum = "1";
  for (int i = 1; i < 2000; ++i) sum += "+1";
  EXPECT_DOUBLE_EQ(value_of(sum), 2000);
  std::string product = "a";
  while (product.size() + 2 <= 10000) product += "*a";
  const Expression longest = parse_expression(product);
  EXPECT_EQ(symbols_of(longest).size(), 1U);
  const Expression copy = longest;
  EXPECT_EQ(position_of(copy, "a"), 0U);
}

TEST(Expression, NestsTwoHundredLevels) {
  const auto nested = [](int levels) { return std::string(levels, '(') + "1" + std::string(levels, ')'); };
  EXPECT_DOUBLE_EQ(value_of(nested(200)), 1);
  EXPECT_THROW(parse_expression(nested(201)), ExpressionError);
  EXPECT_DOUBLE_EQ(value_of(std::string(200, '-') + "1"), 1);
}

struct Refusal {
  std::string text;
  std::size_t position;
  std::string problem;
  std::string remedy;
};

void expect_refusal(const Refusal& expected) {
  SCOPED_TRACE(expected.text.substr(0, 60));
  try {
    parse_expression(expected.text);
    ADD_FAILURE() << "accepted";
  } catch (const ExpressionError& error) {
    EXPECT_EQ(error.position(), expected.position);
    EXPECT_EQ(error.problem(), expected.problem);
    EXPECT_EQ(error.remedy(), expected.remedy);
    EXPECT_EQ(error.what(), expected.problem + "; " + expected.remedy);
  }
}

const std::string functions =
    "exp, expm1, log, log10, log1p, sqrt, sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, erf, abs, min, "
    "max";
const std::string accepted = "accepted: numbers, names, + - * / **, parentheses and elementary functions";
const std::string operators = "accepted operators: + - * / **";
const std::string not_accepted = " is not accepted in an expression";
const std::string missing_operator = "an operator is missing before it; " + accepted;
const std::string round = "use round parentheses; lists and indices are not accepted";
const std::string calls = "accepted functions: " + functions + "; write * for a product";

TEST(Expression, RefusesForeignCharacters) {
  const std::string attribute = "attribute access is not accepted; a point belongs to a number only";
  const std::string quotes = "text is not accepted inside an expression; write names without quotes";
  const std::string comparison = "comparisons are not accepted; min(a, b) and max(a, b) are";
  const std::string statement = "an expression is a value, not a statement or comparison";
  const std::string line = "an expression is one line; YAML's `>-` folds several lines into one";
  const std::string ascii = "use ASCII characters only: - for minus, * for times, ** for powers";
  const Refusal refusals[] = {
      {"a.b", 1, "'.'" + not_accepted, attribute},
      {"(a).__class__", 3, "'.'" + not_accepted, attribute},
      {"1 + .", 4, "'.'" + not_accepted, attribute},
      {"'text'", 0, "'''" + not_accepted, quotes},
      {"a + \"b\"", 4, "'\"'" + not_accepted, quotes},
      {"`ls`", 0, "'`'" + not_accepted, quotes},
      {"a = 3", 2, "'='" + not_accepted, statement},
      {"a == 3", 2, "'='" + not_accepted, statement},
      {"a; b", 1, "';'" + not_accepted, "an expression is one value, not a sequence of statements"},
      {"a[0]", 1, "'['" + not_accepted, round},
      {"[a]", 0, "'['" + not_accepted, round},
      {"{a}", 0, "'{'" + not_accepted, round},
      {"lambda x: x", 7, "\"x\" is not expected here", missing_operator},
      {"lambda: 1", 6, "':'" + not_accepted, accepted},
      {"a if b else c", 2, "\"if\" is not expected here", missing_operator},
      {"import os", 7, "\"os\" is not expected here", missing_operator},
      {"a\nb", 1, "a line break" + not_accepted, line},
      {"a\r", 1, "a line break" + not_accepted, line},
      {"a\t+ b", 1, "a tab" + not_accepted, "use spaces"},
      {std::string("a\0b", 3), 1, "a control character" + not_accepted, accepted},
      {"a \x1b", 2, "a control character" + not_accepted, accepted},
      {"2 × a", 2, "the character \"×\"" + not_accepted, ascii},
      {"a − b", 2, "the character \"−\"" + not_accepted, ascii},
      {"a\xff", 1, "a byte that is not text" + not_accepted, ascii},
      {"2^3", 1, "'^'" + not_accepted, "write ** for a power"},
      {"7 // 2", 2, "'//' is not accepted", "write / for a division"},
      {"7 % 2", 2, "'%'" + not_accepted, "there is no remainder or percent; " + operators},
      {"3!", 1, "'!'" + not_accepted, "there is no factorial or negation; " + operators},
      {"a != b", 2, "'!'" + not_accepted, "there is no factorial or negation; " + operators},
      {"a < b", 2, "'<'" + not_accepted, comparison},
      {"a >= b", 2, "'>'" + not_accepted, comparison},
      {"a & b", 2, "'&'" + not_accepted, accepted},
      {"~a", 0, "'~'" + not_accepted, accepted},
      {"a @ b", 2, "'@'" + not_accepted, accepted},
      {"a # b", 2, "'#'" + not_accepted, accepted},
      {"a \\ b", 2, "'\\'" + not_accepted, accepted},
      {"$a", 0, "'$'" + not_accepted, accepted},
  };
  for (const Refusal& refusal : refusals) expect_refusal(refusal);
}

TEST(Expression, RefusesOtherCalls) {
  const Refusal refusals[] = {
      {"__import__(a)", 0, "\"__import__\" is not a function", calls},
      {"eval(a)", 0, "\"eval\" is not a function", calls},
      {"1 + sinn(a)", 4, "\"sinn\" is not a function; did you mean \"sin\" or \"sinh\"?", calls},
      {"Exp(a)", 0, "\"Exp\" is not a function; did you mean \"exp\"?", calls},
      {"ln(a)", 0, "\"ln\" is not a function", calls},
      {"k (a + b)", 0, "\"k\" is not a function", calls},
      {"pi(2)", 0, "\"pi\" is not a function", calls},
      {"2(a)", 1, "\"(\" is not expected here", missing_operator},
      {"(a)(b)", 3, "\"(\" is not expected here", missing_operator},
      {"sin(a)(b)", 6, "\"(\" is not expected here", missing_operator},
      {"sin", 0, "\"sin\" is a function", "give its argument in parentheses"},
      {"exp*2", 0, "\"exp\" is a function", "give its argument in parentheses"},
      {"sin()", 4, "wrong number of arguments for sin", "write sin(x), with one argument"},
      {"sin(a, b)", 5, "wrong number of arguments for sin", "write sin(x), with one argument"},
      {"min(a)", 5, "wrong number of arguments for min", "write min(a, b), with two arguments"},
      {"max(a, b, c)", 8, "wrong number of arguments for max", "write max(a, b), with two arguments"},
  };
  for (const Refusal& refusal : refusals) expect_refusal(refusal);
}

TEST(Expression, RefusesBrokenArithmetic) {
  const std::string ends = "the expression ends where a value is needed";
  const std::string add = "add a number, a name or a parenthesis";
  const std::string before = "a value is missing before it";
  const std::string commas = "commas separate the arguments of min and max; decimals take a point";
  const std::string range = "a number is 0 or has a size from about 1e-307 to 1.8e308";
  const std::string empty = "write a number, a name or a formula";
  const Refusal refusals[] = {
      {"", 0, "the expression is empty", empty},
      {"   ", 0, "the expression is empty", empty},
      {"1 +", 3, ends, add},
      {"-", 1, ends, add},
      {"2**", 3, ends, add},
      {"sin(", 4, ends, add},
      {"(1 + 2", 0, "this parenthesis is never closed", "add the missing )"},
      {"2*(1 + sin(2)", 2, "this parenthesis is never closed", "add the missing )"},
      {"1)", 1, "\")\" is not expected here", "no parenthesis is open"},
      {"()", 1, "\")\" is not expected here", before},
      {"1 * / 2", 4, "\"/\" is not expected here", before},
      {"2 * * 3", 4, "\"*\" is not expected here", before},
      {"2***3", 3, "\"*\" is not expected here", before},
      {"1,5", 1, "\",\" is not expected here", commas},
      {"(1, 2)", 2, "\",\" is not expected here", commas},
      {"min(, 2)", 4, "\",\" is not expected here", commas},
      {"1 2", 2, "\"2\" is not expected here", missing_operator},
      {"2a", 1, "\"a\" is not expected here", missing_operator},
      {"0x10", 1, "\"x10\" is not expected here", missing_operator},
      {"1_000", 1, "\"_000\" is not expected here", missing_operator},
      {"1.2.3", 3, "\".3\" is not expected here", missing_operator},
      {"1e", 1, "the number \"1e\" lacks its exponent", "write it like 1e-3"},
      {"2 + 1e+", 5, "the number \"1e+\" lacks its exponent", "write it like 1e-3"},
      {"1 + 1e999", 4, "the number \"1e999\" is out of range", range},
      {"1e-999", 0, "the number \"1e-999\" is out of range", range},
  };
  for (const Refusal& refusal : refusals) expect_refusal(refusal);
}

TEST(Expression, RefusesLongAndDeepText) {
  const std::string deep = "the expression is nested more than 200 levels deep";
  const std::string split = "split it with `definitions`";
  const std::string many = "at most 10000 are accepted; " + split;
  std::string powers = "2", calls_of_sin, pairs;
  for (int i = 0; i < 3000; ++i) powers += "**2";
  for (int i = 0; i < 2000; ++i) calls_of_sin += "sin(";
  for (int i = 0; i < 4000; ++i) pairs += "-(";
  const Refusal refusals[] = {
      {std::string(100000, 'a'), 10000, "the expression has 100000 characters", many},
      {std::string(10001, '('), 10000, "the expression has 10001 characters", many},
      {std::string(10000, '('), 200, deep, split},
      {std::string(10000, '-'), 200, deep, split},
      {std::string(10000, '+'), 200, deep, split},
      {powers, 601, deep, split},
      {calls_of_sin, 803, deep, split},
      {pairs, 200, deep, split},
  };
  for (const Refusal& refusal : refusals) expect_refusal(refusal);
}

}  // namespace
}  // namespace gluesweep::job
