#include "gluesweep/problem/graph.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>

#include "gluesweep/problem/tape.hpp"

namespace gluesweep::problem {
namespace {

using Function = std::function<double(double, double)>;

/// An expression in a and b, the same in C++, and where to compare them.
struct Case {
  std::string text;
  Function value;
  std::vector<std::pair<double, double>> at;
};

const std::vector<std::pair<double, double>> anywhere{{0.7, 1.3}, {-1.1, 0.4}, {2.3, -0.6}};
const std::vector<std::pair<double, double>> positive{{0.7, 1.3}, {2.9, 0.2}, {0.15, 2.1}};
const std::vector<std::pair<double, double>> small{{0.3, 0.4}, {-0.8, 0.1}, {0.05, -0.7}};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"a + 2*b", [](double a, double b) { return a + 2 * b; }, anywhere},
      {"a - b", [](double a, double b) { return a - b; }, anywhere},
      {"3 - a", [](double a, double) { return 3 - a; }, anywhere},
      {"-a", [](double a, double) { return -a; }, anywhere},
      {"a*b", [](double a, double b) { return a * b; }, anywhere},
      {"a/b", [](double a, double b) { return a / b; }, anywhere},
      {"1.7/b", [](double, double b) { return 1.7 / b; }, anywhere},
      {"a**2", [](double a, double) { return a * a; }, anywhere},
      {"a**3", [](double a, double) { return a * a * a; }, anywhere},
      {"a**-1", [](double a, double) { return 1 / a; }, anywhere},
      {"a**-2", [](double a, double) { return 1 / (a * a); }, anywhere},
      {"a**0.5", [](double a, double) { return std::sqrt(a); }, positive},
      {"a**-0.75", [](double a, double) { return std::pow(a, -0.75); }, positive},
      {"a**b", [](double a, double b) { return std::pow(a, b); }, positive},
      {"2.5**b", [](double, double b) { return std::pow(2.5, b); }, anywhere},
      {"(a + b)**(a*b)", [](double a, double b) { return std::pow(a + b, a * b); }, positive},
      {"exp(a*b)", [](double a, double b) { return std::exp(a * b); }, anywhere},
      {"expm1(a*b)", [](double a, double b) { return std::expm1(a * b); }, anywhere},
      {"log(a*b)", [](double a, double b) { return std::log(a * b); }, positive},
      {"log10(a*b)", [](double a, double b) { return std::log10(a * b); }, positive},
      {"log1p(a*b)", [](double a, double b) { return std::log1p(a * b); }, positive},
      {"sqrt(a*b)", [](double a, double b) { return std::sqrt(a * b); }, positive},
      {"sin(a*b)", [](double a, double b) { return std::sin(a * b); }, anywhere},
      {"cos(a*b)", [](double a, double b) { return std::cos(a * b); }, anywhere},
      {"tan(a*b)", [](double a, double b) { return std::tan(a * b); }, small},
      {"asin(a*b)", [](double a, double b) { return std::asin(a * b); }, small},
      {"acos(a*b)", [](double a, double b) { return std::acos(a * b); }, small},
      {"atan(a*b)", [](double a, double b) { return std::atan(a * b); }, anywhere},
      {"sinh(a*b)", [](double a, double b) { return std::sinh(a * b); }, anywhere},
      {"cosh(a*b)", [](double a, double b) { return std::cosh(a * b); }, anywhere},
      {"tanh(a*b)", [](double a, double b) { return std::tanh(a * b); }, anywhere},
      {"erf(a*b)", [](double a, double b) { return std::erf(a * b); }, anywhere},
      {"abs(a*b)", [](double a, double b) { return std::abs(a * b); }, anywhere},
      {"min(a**3, a*b)", [](double a, double b) { return std::min(a * a * a, a * b); }, anywhere},
      {"max(a**3, a*b)", [](double a, double b) { return std::max(a * a * a, a * b); }, anywhere},
      {"min(a*b, 0.5) + max(0.25, a)",
       [](double a, double b) { return std::min(a * b, 0.5) + std::max(0.25, a); }, anywhere},
      {"exp(sin(a*b)/(1 + b**2)) - a*log1p(b**2)/(2 + cos(a))",
       [](double a, double b) {
         return std::exp(std::sin(a * b) / (1 + b * b)) - a * std::log1p(b * b) / (2 + std::cos(a));
       },
       anywhere},
  };
  return all;
}

/// Fourth-order central difference; with this step rounding and truncation are both some 1e-12.
double difference(const std::function<double(double)>& f, double x) {
  constexpr double h = 1.0e-3;
  return (8.0 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12.0 * h);
}

class GraphCases : public testing::TestWithParam<Case> {
 protected:
  GraphCases()
      : node(graph.build(job::parse_expression(GetParam().text), {{"a", a}, {"b", b}})),
        tape(graph, {a, b},
             {node, graph.derivative(node, a), graph.derivative(node, b), second(a, a), second(a, b),
              second(b, a), second(b, b)}) {}

  Node second(Node first, Node then) { return graph.derivative(graph.derivative(node, first), then); }
  double output(std::size_t i, double at_a, double at_b) const {
    return tape(std::vector<double>{at_a, at_b})[i];
  }

  Graph graph;
  Node a = graph.symbol("a"), b = graph.symbol("b");
  Node node;
  Tape tape;
};

TEST_P(GraphCases, HasTheFunctionsValue) {
  for (const auto& [x, y] : GetParam().at) {
    const double expected = GetParam().value(x, y);
    EXPECT_NEAR(output(0, x, y), expected, 4e-15 * (1 + std::abs(expected))) << "at " << x << ", " << y;
  }
}

TEST_P(GraphCases, HasTheFunctionsDerivatives) {
  const auto& f = GetParam().value;
  for (const auto& [x, y] : GetParam().at) {
    const double by_a = difference([&, y = y](double v) { return f(v, y); }, x);
    const double by_b = difference([&, x = x](double v) { return f(x, v); }, y);
    EXPECT_NEAR(output(1, x, y), by_a, 1e-8 * (1 + std::abs(by_a))) << "at " << x << ", " << y;
    EXPECT_NEAR(output(2, x, y), by_b, 1e-8 * (1 + std::abs(by_b))) << "at " << x << ", " << y;
  }
}

TEST_P(GraphCases, HasTheDerivativesDerivatives) {
  for (const auto& [x, y] : GetParam().at) {
    for (std::size_t first = 0; first < 2; ++first) {
      const double by_a = difference([&, y = y](double v) { return output(1 + first, v, y); }, x);
      const double by_b = difference([&, x = x](double v) { return output(1 + first, x, v); }, y);
      EXPECT_NEAR(output(3 + 2 * first, x, y), by_a, 1e-7 * (1 + std::abs(by_a))) << "at " << x << ", " << y;
      EXPECT_NEAR(output(4 + 2 * first, x, y), by_b, 1e-7 * (1 + std::abs(by_b))) << "at " << x << ", " << y;
    }
  }
}

TEST_P(GraphCases, IsTheSameOnArraysAndNumbers) {
  std::vector<double> as, bs;
  for (int repeat = 0; repeat < 3; ++repeat) {  // long enough for vectorised code
    for (const auto& [x, y] : GetParam().at) {
      as.push_back(x);
      bs.push_back(y);
    }
  }
  const auto arrays = tape(std::vector<at::Tensor>{at::tensor(as, at::kDouble), at::tensor(bs, at::kDouble)});
  for (std::size_t i = 0; i < as.size(); ++i) {
    const auto numbers = tape(std::vector<double>{as[i], bs[i]});
    for (std::size_t k = 0; k < numbers.size(); ++k) {
      const auto values = arrays[k].expand({static_cast<std::int64_t>(as.size())});
      const double value = values[static_cast<std::int64_t>(i)].item<double>();
      EXPECT_NEAR(value, numbers[k], 2e-14 * (1 + std::abs(numbers[k]))) << "output " << k;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Operations, GraphCases, testing::ValuesIn(cases()),
                         [](const auto& variant) { return "case_" + std::to_string(variant.index); });

TEST(Graph, TheCasesUseEveryFunctionOfTheWhitelist) {
  std::set<std::string> missing;
  for (int i = 0; i <= static_cast<int>(job::Function::max); ++i) {
    missing.emplace(job::function_name(static_cast<job::Function>(i)));
  }
  for (const auto& one : cases()) {
    for (auto name = missing.begin(); name != missing.end();) {
      name = one.text.find(*name + "(") == std::string::npos ? std::next(name) : missing.erase(name);
    }
  }
  EXPECT_TRUE(missing.empty()) << *missing.begin() << " has no case";
}

class GraphTest : public testing::Test {
 protected:
  Node build(const std::string& text) {
    return graph.build(job::parse_expression(text), {{"a", a}, {"b", b}, {"c", c}});
  }
  double value(Node node, double x, double y = 0.0, double z = 0.0) {
    return Tape(graph, {a, b, c}, {node})(std::vector<double>{x, y, z}).front();
  }
  Graph graph;
  Node a = graph.symbol("a"), b = graph.symbol("b"), c = graph.symbol("c");
};

TEST_F(GraphTest, EqualExpressionsAreOneNode) {
  EXPECT_EQ(build("exp(a + b)*sin(a)"), build("sin(a)*exp(b + a)"));
  EXPECT_EQ(graph.symbol("a"), a);
  EXPECT_EQ(graph.number(2.5), graph.number(2.5));
  EXPECT_EQ(graph.number(0.0), graph.number(-0.0));
  EXPECT_EQ(build("min(a, b)"), build("min(b, a)"));
  EXPECT_NE(build("a - b"), build("b - a"));
  EXPECT_NE(build("a/b"), build("b/a"));
  EXPECT_NE(build("a**b"), build("b**a"));
  const auto size = graph.size();
  build("exp(a + b)*sin(a)");
  EXPECT_EQ(graph.size(), size);
}

TEST_F(GraphTest, Simplifies) {
  const Node zero = graph.number(0.0), one = graph.number(1.0);
  EXPECT_EQ(build("a - a"), zero);
  EXPECT_EQ(build("sin(a*b) - sin(b*a)"), zero);
  EXPECT_EQ(build("0*exp(a)"), zero);
  EXPECT_EQ(build("0/a"), zero);
  EXPECT_EQ(build("a/a"), one);
  EXPECT_EQ(build("a**0"), one);
  EXPECT_EQ(build("a**1"), a);
  EXPECT_EQ(build("1*a"), a);
  EXPECT_EQ(build("a/1"), a);
  EXPECT_EQ(build("a + 0"), a);
  EXPECT_EQ(build("--a"), a);
  EXPECT_EQ(build("a + -b"), build("a - b"));
  EXPECT_EQ(build("a - -b"), build("a + b"));
  EXPECT_EQ(build("(-a)*(-b)"), build("a*b"));
  EXPECT_EQ(build("(-a)/(-b)"), build("a/b"));
  EXPECT_EQ(build("log(exp(a))"), a);
  EXPECT_EQ(build("max(a, a)"), a);
  EXPECT_EQ(graph.less(a, a), zero);
  EXPECT_EQ(graph.derivative(build("exp(b)*sin(b)"), a), zero);
}

TEST_F(GraphTest, ComputesWithNumbersAtOnce) {
  EXPECT_EQ(build("2*3 + 2**-1 - sqrt(4)"), graph.number(4.5));
  EXPECT_EQ(build("cos(pi)"), graph.number(-1.0));
  EXPECT_EQ(build("max(2, 3)"), graph.number(3.0));
}

TEST_F(GraphTest, AnUndefinedNumberIsNoOtherNumber) {
  for (const auto* text : {"log(-1)", "sqrt(2 - 3)", "0/0", "acos(2)", "1 + log(-1)"}) {
    EXPECT_TRUE(std::isnan(graph[build(text)].value)) << text;
    EXPECT_TRUE(std::isnan(value(build(std::string("a + ") + text), 1.0))) << text;
  }
  EXPECT_EQ(graph[build("1/0")].value, INFINITY);
  EXPECT_EQ(build("2 + 1"), graph.number(3.0));  // and the numbers are still found
}

// dPhi/dt of the first row of a second-order unknown is the second row itself.
TEST_F(GraphTest, TheRowOfALowerDerivativeVanishesIdentically) {
  const Node phi = build("a**(-3/4)*(b*cos(a) + c*sin(a))");
  const Node state_t = graph.symbol("phi_t");
  const Node slope = graph.substitute(state_t, {{state_t, graph.derivative(phi, a)}});
  EXPECT_EQ(graph.subtract(slope, graph.derivative(phi, a)), graph.number(0.0));
}

TEST_F(GraphTest, SubstituteReplacesEverySymbolAtOnce) {
  const Node swapped = graph.substitute(build("a**b + sin(a) - c"), {{a, b}, {b, a}});
  EXPECT_EQ(swapped, build("b**a + sin(b) - c"));
  EXPECT_EQ(graph.substitute(build("a*b - c"), {{c, build("a*b")}}), graph.number(0.0));
}

TEST_F(GraphTest, KnowsWhatANodeDependsOn) {
  EXPECT_TRUE(graph.depends_on(build("exp(a)*b"), b));
  EXPECT_FALSE(graph.depends_on(build("exp(a)*b"), c));
  EXPECT_FALSE(graph.depends_on(build("a + c - c"), graph.symbol("d")));
  EXPECT_TRUE(graph.depends_on(a, a));
}

TEST_F(GraphTest, TakesOneSideAtAKink) {
  // Where both arguments of min or max are equal the derivative is one of theirs, not a sum or zero.
  const Node smaller = graph.derivative(build("min(2*a, 3*a)"), a);
  const Node larger = graph.derivative(build("max(2*a, 3*a)"), a);
  EXPECT_EQ(value(smaller, 0.0) + value(larger, 0.0), 5.0);
  EXPECT_EQ(value(graph.derivative(build("abs(a)"), a), 0.0), 0.0);
  EXPECT_EQ(value(graph.derivative(build("abs(a)"), a), -2.0), -1.0);
}

TEST_F(GraphTest, AnUndefinedOperandMakesMinAndMaxUndefined) {
  for (const auto* text : {"min(log(a), b)", "max(log(a), b)", "min(b, log(a))", "max(log(a), 3)"}) {
    const Tape tape(graph, {a, b}, {build(text)});
    EXPECT_TRUE(std::isnan(tape(std::vector<double>{-1.0, 2.0}).front())) << text;
    const auto array =
        tape(std::vector<at::Tensor>{at::full({3}, -1.0, at::kDouble), at::full({3}, 2.0, at::kDouble)});
    EXPECT_TRUE(array.front().isnan().all().item<bool>()) << text;
  }
}

TEST_F(GraphTest, InvertsOneOperationAfterTheOther) {
  const double x = 0.4, y = 1.7;
  for (const auto* text : {"a",
                           "a + b",
                           "b + a",
                           "a - b",
                           "b - a",
                           "a*b",
                           "b*a",
                           "a/b",
                           "b/a",
                           "a**b",
                           "b**a",
                           "a**4",
                           "a**-3",
                           "a**0.5",
                           "2**a",
                           "-a",
                           "exp(a)",
                           "expm1(a)",
                           "log(a)",
                           "log10(a)",
                           "log1p(a)",
                           "sqrt(a)",
                           "sinh(a)",
                           "tanh(a)",
                           "1/(a + b*3)",
                           "exp(a - b*2)",
                           "b*exp(-(1 + 2*a)/b)",
                           "3 - log(1 + a/b)**3"}) {
    const Node node = build(text);
    const Node inverse = graph.invert(node, a, c);
    ASSERT_GE(inverse, 0) << text;
    EXPECT_FALSE(graph.depends_on(inverse, a)) << text;
    EXPECT_NEAR(value(inverse, 1e300, y, value(node, x, y)), x, 1e-14) << text;
  }
}

TEST_F(GraphTest, RefusesToInvertWhatItCannot) {
  for (const auto* text :
       {"b", "3", "a + a*b", "a*exp(a)", "a**a", "a**2", "sin(a)", "cos(a)", "tan(a)", "asin(a)", "erf(a)",
        "min(a, b)", "max(a, b)", "abs(a)", "cosh(a)", "exp(sin(a))"}) {
    EXPECT_EQ(graph.invert(build(text), a, c), -1) << text;
  }
}

TEST_F(GraphTest, SumsAndDifferentiatesThousandsOfTerms) {
  std::string text = "a";
  for (int i = 1; i < 2000; ++i) text += i % 2 == 0 ? "+a" : "-b";
  const Node sum = build(text);
  EXPECT_EQ(value(sum, 3.0, 0.5), 2500.0);
  EXPECT_EQ(value(graph.derivative(sum, a), 0.0), 1000.0);
  EXPECT_EQ(value(graph.derivative(sum, b), 0.0), -1000.0);
  EXPECT_EQ(graph.derivative(graph.derivative(sum, a), b), graph.number(0.0));
}

TEST_F(GraphTest, DerivativesOfDeepProductsStaySmall) {
  // Shared sub-expressions: 60 nested squares would be 2^60 factors written out.
  Node node = build("1 + a/2**60");
  for (int i = 0; i < 60; ++i) node = graph.multiply(node, node);
  const Node d = graph.derivative(node, a);
  EXPECT_LT(graph.size(), 400u);
  EXPECT_NEAR(value(d, 0.0), 1.0, 1e-12);
}

}  // namespace
}  // namespace gluesweep::problem
