#include "gluesweep/problem/lane_tape.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <ostream>
#include <random>

#include "gluesweep/problem/kernels.hpp"

namespace gluesweep::problem {
namespace {

using at::Tensor;
using Numbers = std::vector<double>;
using Arrays = std::vector<Tensor>;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Vector functions and the C library's are both within a few units in the last place.
constexpr double rounding = 4.0e-15;

Arrays by_tensor_operations(const Tape& tape, const Arrays& inputs) {
  const WithoutKernels without;
  return tape(inputs);
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

bool close(double a, double b, double relative) {
  if (same(a, b)) return true;
  return std::isfinite(a) && std::isfinite(b) && std::abs(a - b) <= relative * std::abs(b) + 1e-307;
}

/// Equal shapes, and every element close: undefined and infinite ones as well.
void expect_close(const Tensor& found, const Tensor& expected, double relative) {
  ASSERT_EQ(found.sizes(), expected.sizes());
  const auto a = found.contiguous().flatten(), b = expected.contiguous().flatten();
  for (std::int64_t i = 0; i < a.size(0); ++i) {
    const double own = a.data_ptr<double>()[i], other = b.data_ptr<double>()[i];
    EXPECT_TRUE(close(own, other, relative)) << "element " << i << ": " << own << ", not " << other;
  }
}

/// Zeros of both signs, borders of the functions' domains, over- and underflow, infinite and undefined.
Numbers special_values() {
  return {0.0,   -0.0,   1.0,   -1.0,   0.5,   -0.5,   2.0,  -2.0,  3.0,    -3.0,   1e-3,  -1e-3, 1e-10,
          1e-10, 1e-160, 1e160, 1e-300, 1e300, -1e300, 50.0, -50.0, 709.0,  -709.0, 750.0, -750., 1e5,
          -1e5,  1e9,    inf,   -inf,   nan,   5e-324, 0.75, -0.25, 1.0625, 22.0,   -0.999};
}

Tensor row_of(const Numbers& values) { return at::tensor(values, at::kDouble).unsqueeze(0); }

// --- every operation -----------------------------------------------------------------------------

struct Operation {
  const char* name;
  std::function<Node(Graph&, Node, Node)> make;
};

void PrintTo(const Operation& operation, std::ostream* out) { *out << operation.name; }

std::vector<Operation> unary_operations() {
  std::vector<Operation> all{{"negate", [](Graph& g, Node a, Node) { return g.negate(a); }}};
  const auto add = [&all](const char* name, Op op) {
    all.push_back({name, [op](Graph& g, Node a, Node) { return g.apply(op, a); }});
  };
  add("exp", Op::exp);
  add("expm1", Op::expm1);
  add("log", Op::log);
  add("log10", Op::log10);
  add("log1p", Op::log1p);
  add("sqrt", Op::sqrt);
  add("sin", Op::sin);
  add("cos", Op::cos);
  add("tan", Op::tan);
  add("asin", Op::asin);
  add("acos", Op::acos);
  add("atan", Op::atan);
  add("sinh", Op::sinh);
  add("cosh", Op::cosh);
  add("tanh", Op::tanh);
  add("erf", Op::erf);
  add("abs", Op::abs);
  add("sign", Op::sign);
  return all;
}

std::vector<Operation> binary_operations() {
  return {{"add", [](Graph& g, Node a, Node b) { return g.add(a, b); }},
          {"subtract", [](Graph& g, Node a, Node b) { return g.subtract(a, b); }},
          {"multiply", [](Graph& g, Node a, Node b) { return g.multiply(a, b); }},
          {"divide", [](Graph& g, Node a, Node b) { return g.divide(a, b); }},
          {"power", [](Graph& g, Node a, Node b) { return g.power(a, b); }},
          {"minimum", [](Graph& g, Node a, Node b) { return g.minimum(a, b); }},
          {"maximum", [](Graph& g, Node a, Node b) { return g.maximum(a, b); }},
          {"less", [](Graph& g, Node a, Node b) { return g.less(a, b); }}};
}

class LaneOperation : public testing::TestWithParam<Operation> {};
class UnaryLaneOperation : public LaneOperation {};
class BinaryLaneOperation : public LaneOperation {};

const auto operation_name = [](const auto& variant) { return std::string(variant.param.name); };

void expect_both_ways_agree(const Tape& tape, const Arrays& inputs) {
  const auto found = evaluate_on_lanes(tape, inputs), expected = by_tensor_operations(tape, inputs);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) expect_close(found[i], expected[i], rounding);
}

TEST_P(UnaryLaneOperation, AgreesWithTheTensorOperation) {
  Graph graph;
  const Node t = graph.symbol("t");
  const Tape tape(graph, {t}, {GetParam().make(graph, t, -1)});
  expect_both_ways_agree(tape, {row_of(special_values())});
  expect_both_ways_agree(tape, {at::linspace(-1.0, 1.0, 201, at::kDouble).unsqueeze(0)});
  expect_both_ways_agree(tape, {at::linspace(-40.0, 40.0, 1003, at::kDouble).unsqueeze(0)});
  expect_both_ways_agree(tape, {at::logspace(-300.0, 300.0, 601, 10.0, at::kDouble).unsqueeze(0)});
}

INSTANTIATE_TEST_SUITE_P(All, UnaryLaneOperation, testing::ValuesIn(unary_operations()), operation_name);

TEST_P(BinaryLaneOperation, AgreesWithTheTensorOperation) {
  Graph graph;
  const Node a = graph.symbol("a"), b = graph.symbol("b");
  const Tape tape(graph, {a, b}, {GetParam().make(graph, a, b), GetParam().make(graph, b, a)});
  const auto values = row_of(special_values());
  expect_both_ways_agree(tape, {values, values.t()});  // all pairs
}

TEST_P(BinaryLaneOperation, AgreesWhereOneOperandIsANumber) {
  for (const double number : {2.5, -0.75, 1e-9, 3.0, -2.0, 1e12, 10.0, 0.3}) {
    Graph graph;
    const Node a = graph.symbol("a"), b = graph.number(number);
    const Tape tape(graph, {a}, {GetParam().make(graph, a, b), GetParam().make(graph, b, a)});
    SCOPED_TRACE(number);
    // Where a whole and a half power are taken apart, -0 and -inf have another sign or none: not for users.
    Numbers values;
    for (const double value : special_values()) {
      if (value != -inf && !(value == 0.0 && std::signbit(value))) values.push_back(value);
    }
    expect_both_ways_agree(tape, {row_of(values)});
  }
}

INSTANTIATE_TEST_SUITE_P(All, BinaryLaneOperation, testing::ValuesIn(binary_operations()), operation_name);

TEST(LanePower, OfAllQuartersAndOthers) {
  Numbers exponents;
  for (int quarter = -36; quarter <= 36; ++quarter) exponents.push_back(0.25 * quarter);
  for (const double other : {1.0 / 3.0, -0.1, 7.9, 8.1, 12.0, -12.0, 100.0, 2.125, 0.125, -1e-3, 1e9})
    exponents.push_back(other);
  Numbers bases{0.0, 1.0, -1.0, 2.0, -2.0, -1.7, 0.3, 1e-30, 1e30, -1e30, 1e-45, 1e45, 3.7, inf, nan};
  for (const double exponent : exponents) {
    Graph graph;
    const Node t = graph.symbol("t");
    const Tape tape(graph, {t}, {graph.power(t, graph.number(exponent))});
    const auto found =
        evaluate_on_lanes(tape, {row_of(bases)})[0].expand({1, static_cast<std::int64_t>(bases.size())});
    for (std::size_t i = 0; i < bases.size(); ++i) {
      const double own = found[0][static_cast<std::int64_t>(i)].item<double>();
      EXPECT_TRUE(close(own, std::pow(bases[i], exponent), rounding))
          << bases[i] << " to the power " << exponent << " is not " << own;
    }
  }
}

TEST(LanePower, OfQuartersIsTakenApart) {
  // A product and roots, not the C library's pow: that is what makes it fast.
  Graph graph;
  const Node t = graph.symbol("t");
  const Tape tape(graph, {t}, {graph.power(t, graph.number(2.75))});
  const double x = 1.2345678901234567;
  const double root = std::sqrt(x);
  EXPECT_EQ(evaluate_on_lanes(tape, {at::full({1, 1}, x, at::kDouble)})[0].item<double>(),
            x * x * root * std::sqrt(root));
}

// --- outputs and shapes --------------------------------------------------------------------------

class LaneShapes : public testing::Test {
 protected:
  Node build(const std::string& text) {
    return graph.build(job::parse_expression(text), {{"t", t}, {"k", k}, {"u", u}, {"c", c}});
  }
  Graph graph;
  Node t = graph.symbol("t"), k = graph.symbol("k"), u = graph.symbol("u"), c = graph.symbol("c");
  std::vector<Node> inputs{t, k, u, c};
  std::vector<Node> outputs{build("exp(-k*t) + c*u"),
                            build("k**2 + c"),
                            build("sin(u)*c"),
                            build("c*3"),
                            build("t/(k**2 + c) - max(u, t)"),
                            k,
                            u,
                            t,
                            c,
                            graph.number(3.25),
                            build("k**2"),
                            build("t"),
                            build("2*u"),
                            build("k*u")};
};

TEST_F(LaneShapes, AreThoseOfTensorOperations) {
  const Tape tape(graph, inputs, outputs);
  const auto random = [](std::int64_t rows, std::int64_t columns) {
    return at::rand({rows, columns}, at::kDouble) + 0.1;
  };
  at::manual_seed(3);
  for (const std::int64_t rows : {1, 2, 3, 31, 32, 33, 70}) {
    for (const std::int64_t columns : {1, 2, 5, 31, 32, 33, 64, 101}) {
      SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns));
      expect_both_ways_agree(tape,
                             {random(rows, columns), random(rows, 1), random(1, columns), random(1, 1)});
    }
  }
}

TEST_F(LaneShapes, OfBroadcastInputsOnly) {
  const Tape tape(graph, inputs, outputs);
  const auto column = at::linspace(0.3, 2.0, 41, at::kDouble).unsqueeze(1);
  expect_both_ways_agree(tape, {column.t(), column, column.t(), column.narrow(0, 3, 1)});  // no (B, N)
  expect_both_ways_agree(tape, {column, column, column.narrow(0, 0, 1), column.narrow(0, 3, 1)});
  const auto one = column.narrow(0, 0, 1);
  expect_both_ways_agree(tape, {one, one, one, one});
}

TEST_F(LaneShapes, StridedAndExpandedInputs) {
  const Tape tape(graph, inputs, outputs);
  const auto table = at::linspace(0.2, 3.0, 90 * 77, at::kDouble).view({90, 77});
  const auto transposed = table.t().narrow(0, 3, 40).narrow(1, 5, 35);
  const auto strided = table.slice(0, 0, 80, 2).slice(1, 1, 71, 2);
  const auto parameters = table.narrow(0, 0, 40).narrow(1, 9, 1);
  const auto expanded = table.narrow(0, 7, 1).narrow(1, 0, 35).expand({40, 35});
  EXPECT_EQ(transposed.sizes(), strided.sizes());
  const auto before = table.clone();
  expect_both_ways_agree(tape, {transposed, parameters, expanded, parameters.narrow(0, 4, 1)});
  expect_both_ways_agree(tape, {strided, parameters.narrow(0, 2, 1).expand({40, 1}), strided, parameters});
  EXPECT_TRUE(at::equal(table, before));
}

TEST(EvaluateOnLanes, IsForMatricesOfDoublesOnTheCpu) {
  const auto matrix = at::ones({2, 3}, at::kDouble);
  EXPECT_TRUE(fits_lanes({matrix, matrix.narrow(1, 0, 1)}));
  EXPECT_FALSE(fits_lanes({matrix, matrix.to(at::kFloat)}));
  EXPECT_FALSE(fits_lanes({matrix, matrix[0]}));
  EXPECT_FALSE(fits_lanes({matrix, matrix.unsqueeze(0)}));
  EXPECT_FALSE(fits_lanes({matrix.narrow(0, 0, 0), matrix}));
}

// --- a result does not depend on where it stands -------------------------------------------------

class LanePlaces : public LaneShapes {
 protected:
  LanePlaces() {
    std::vector<Node> all;
    Node sum = graph.number(0.0);
    for (const auto& operation : unary_operations()) {
      const Node argument = graph.multiply(graph.number(0.3), graph.divide(t, graph.add(k, c)));
      all.push_back(operation.make(graph, argument, -1));
      sum = graph.add(sum, all.back());
    }
    for (const double exponent : {3.0, -2.25, 0.37, -7.5})
      all.push_back(graph.power(graph.apply(Op::abs, sum), graph.number(exponent)));
    all.push_back(graph.power(t, k));
    tape = Tape(graph, inputs, all);
    at::manual_seed(5);
    for (auto& value : values) value = value + at::rand_like(value);
  }

  /// All outputs in the shape of the first input.
  Tensor evaluate(const Arrays& at_inputs) const {
    auto found = evaluate_on_lanes(tape, at_inputs);
    for (auto& value : found) value = value.expand_as(at_inputs.front());
    return at::stack(found, 0);
  }

  Tape tape;
  Arrays values{at::full({45, 37}, 0.1, at::kDouble), at::full({45, 1}, 0.2, at::kDouble),
                at::full({45, 37}, 0.3, at::kDouble), at::full({45, 1}, 0.4, at::kDouble)};
};

TEST_F(LanePlaces, AnyOrderGivesTheSameBits) {
  const auto whole = evaluate(values);
  ASSERT_TRUE(whole.isfinite().all().item<bool>());
  const auto rows = at::randperm(45), columns = at::randperm(37);
  Arrays moved;
  for (const auto& value : values) {
    const auto own = value.index_select(0, rows);
    moved.push_back(own.size(1) > 1 ? own.index_select(1, columns) : own);
  }
  EXPECT_TRUE(at::equal(evaluate(moved), whole.index_select(1, rows).index_select(2, columns)));
}

TEST_F(LanePlaces, AnyPartGivesTheSameBits) {
  const auto whole = evaluate(values);
  for (const std::int64_t first : {0, 1, 17, 31, 44}) {
    for (const std::int64_t count : {1, 2, 14, 28}) {
      if (first + count > 45) continue;
      Arrays part, column;
      for (const auto& value : values) {
        part.push_back(value.narrow(0, first, count));
        column.push_back(part.back().narrow(1, value.size(1) > 1 ? 11 : 0, 1));
      }
      EXPECT_TRUE(at::equal(evaluate(part), whole.narrow(1, first, count))) << first << ", " << count;
      EXPECT_TRUE(at::equal(evaluate(column), whole.narrow(1, first, count).narrow(2, 11, 1)));
    }
  }
}

TEST_F(LanePlaces, ParametersInEveryPlaceGiveTheSameBits) {
  const auto whole = evaluate(values);
  Arrays full;
  for (const auto& value : values) full.push_back(value.expand({45, 37}));
  EXPECT_TRUE(at::equal(evaluate(full), whole));
}

// --- random programs -----------------------------------------------------------------------------

/// A random program and its inputs. Nodes are drawn again and again, so that there are shared, long-lived and
/// short-lived results.
struct RandomProgram {
  std::mt19937 random;
  Graph graph;
  std::vector<Node> inputs, outputs;

  explicit RandomProgram(unsigned seed) : random(seed) {
    for (const char* name : {"a", "b", "c", "d", "e"}) inputs.push_back(graph.symbol(name));
  }

  int draw(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random); }
  double uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  }

  void draw_outputs(const std::vector<Node>& nodes) {
    for (int i = draw(6) + 1; i > 0; --i)
      outputs.push_back(nodes[static_cast<std::size_t>(draw(static_cast<int>(nodes.size())))]);
    outputs.push_back(nodes.back());
    if (draw(3) == 0) outputs.push_back(outputs.front());
    if (draw(3) == 0) outputs.push_back(graph.number(uniform(-1.0, 1.0)));
    if (draw(3) == 0) outputs.push_back(inputs[static_cast<std::size_t>(draw(5))]);
  }

  /// Operations that IEEE 754 rounds correctly: every way of computing them gives the same bits.
  void fill_exact(int length) {
    auto nodes = inputs;
    nodes.push_back(graph.number(uniform(-2.0, 2.0)));
    for (int i = 0; i < length; ++i) {
      const auto pick = [&] { return nodes[static_cast<std::size_t>(draw(static_cast<int>(nodes.size())))]; };
      const Node a = pick(), b = draw(6) == 0 ? graph.number(uniform(-2.0, 2.0)) : pick();
      switch (draw(11)) {
        case 0: nodes.push_back(graph.subtract(a, b)); break;
        case 1: nodes.push_back(graph.multiply(a, b)); break;
        case 2: nodes.push_back(graph.divide(a, b)); break;
        case 3: nodes.push_back(graph.minimum(a, b)); break;
        case 4: nodes.push_back(graph.maximum(a, b)); break;
        case 5: nodes.push_back(graph.less(a, b)); break;
        case 6: nodes.push_back(graph.negate(a)); break;
        case 7: nodes.push_back(graph.apply(Op::sqrt, graph.apply(Op::abs, a))); break;
        case 8: nodes.push_back(graph.apply(Op::sign, a)); break;
        case 9: nodes.push_back(graph.multiply(a, a)); break;
        default: nodes.push_back(graph.add(a, b)); break;
      }
    }
    draw_outputs(nodes);
  }

  /// Any operation, every result brought back to [0.2, 0.8] so that rounding does not grow.
  void fill_smooth(int length) {
    auto nodes = inputs;
    const auto unary = unary_operations();
    const auto binary = binary_operations();
    for (int i = 0; i < length; ++i) {
      const auto pick = [&] { return nodes[static_cast<std::size_t>(draw(static_cast<int>(nodes.size())))]; };
      const Node a = pick(), b = draw(5) == 0 ? graph.number(0.25 * (draw(40) - 20)) : pick();
      const auto& operation = draw(2) == 0 ? unary[static_cast<std::size_t>(draw(19))]
                                           : binary[static_cast<std::size_t>(draw(7))];  // not less
      const Node value = operation.make(graph, a, b);
      nodes.push_back(
          graph.add(graph.number(0.5), graph.multiply(graph.number(0.3), graph.apply(Op::sin, value))));
    }
    draw_outputs(nodes);
  }
};

/// Checks all lanes of all outputs against the same program run number by number.
void expect_as_single_numbers(const Tape& tape, const LaneTape& lane_tape, const LaneRegisters& registers,
                              const std::vector<Numbers>& values, double relative) {
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    Numbers own;
    for (const auto& value : values) own.push_back(value[lane]);
    const auto expected = tape(own);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double found = registers[lane_tape.output(i)][lane];
      ASSERT_TRUE(close(found, expected[i], relative))
          << "output " << i << ", lane " << lane << ": " << found << ", not " << expected[i];
    }
  }
}

class LaneFuzz {
 public:
  LaneFuzz(RandomProgram& program, double relative)
      : program_(program), relative_(relative), tape_(program.graph, program.inputs, program.outputs) {
    for (std::size_t i = 0; i < program.inputs.size(); ++i) levels_.push_back(program.draw(3));
    values_.assign(levels_.size(), Numbers(lanes));
  }

  void run() {
    const LaneTape lane_tape(tape_, levels_);
    const int top = *std::max_element(levels_.begin(), levels_.end());
    ASSERT_EQ(lane_tape.inputs(), levels_.size());
    ASSERT_EQ(lane_tape.outputs(), program_.outputs.size());
    auto registers = lane_tape.registers();
    // Everything, then what varies fastest several times, then from every level on: what stands must stay.
    for (const int from : {0, top, top, std::min(1, top), top, 0, top}) {
      change(from);
      load(lane_tape, from, registers);
      for (int level = from; level <= top; ++level) lane_tape.run(level, registers);
      expect_as_single_numbers(tape_, lane_tape, registers, values_, relative_);
      if (testing::Test::HasFatalFailure()) return;
    }
    for (int level = 0; level < top; ++level) carry(lane_tape, level, top, registers);
  }

 private:
  void change(int from) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (levels_[i] < from) continue;
      for (auto& value : values_[i]) value = program_.uniform(0.2, 0.8);
    }
  }

  void load(const LaneTape& lane_tape, int from, LaneRegisters& registers) const {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (levels_[i] >= from) std::copy(values_[i].begin(), values_[i].end(), registers[lane_tape.input(i)]);
    }
  }

  /// What is carried over from a level is all that the levels above need of it.
  void carry(const LaneTape& lane_tape, int level, int top, const LaneRegisters& registers) const {
    auto fresh = lane_tape.registers();
    for (const int offset : lane_tape.carried(level)) std::copy_n(registers[offset], lanes, fresh[offset]);
    load(lane_tape, level + 1, fresh);
    for (int above = level + 1; above <= top; ++above) lane_tape.run(above, fresh);
    expect_as_single_numbers(tape_, lane_tape, fresh, values_, relative_);
  }

  RandomProgram& program_;
  double relative_;
  Tape tape_;
  std::vector<int> levels_;
  std::vector<Numbers> values_;
};

TEST(LaneTape, RunsRandomProgramsToTheLastBit) {
  for (unsigned seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE(seed);
    RandomProgram program(seed);
    program.fill_exact(1 + program.draw(seed % 10 == 0 ? 300 : 40));
    LaneFuzz(program, 0.0).run();
    if (HasFatalFailure()) return;
  }
}

TEST(LaneTape, RunsRandomProgramsOfAllFunctions) {
  for (unsigned seed = 1000; seed < 1600; ++seed) {
    SCOPED_TRACE(seed);
    RandomProgram program(seed);
    program.fill_smooth(1 + program.draw(6));
    LaneFuzz(program, 1e-8).run();
    if (HasFatalFailure()) return;
  }
}

TEST(LaneTape, EvaluatesRandomProgramsOnMatrices) {
  for (unsigned seed = 2000; seed < 2500; ++seed) {
    SCOPED_TRACE(seed);
    RandomProgram program(seed);
    program.fill_exact(1 + program.draw(30));
    const Tape tape(program.graph, program.inputs, program.outputs);
    const std::int64_t rows = 1 + program.draw(6), columns = 1 + program.draw(50);
    Arrays inputs;
    for (std::size_t i = 0; i < program.inputs.size(); ++i) {
      auto value =
          at::empty({program.draw(2) == 0 ? 1 : rows, program.draw(2) == 0 ? 1 : columns}, at::kDouble);
      for (std::int64_t j = 0; j < value.numel(); ++j)
        value.data_ptr<double>()[j] = program.uniform(-2.0, 2.0);
      inputs.push_back(value);
    }
    const auto found = evaluate_on_lanes(tape, inputs);
    std::int64_t all_rows = 1, all_columns = 1;
    for (const auto& input : inputs) {
      all_rows = std::max(all_rows, input.size(0));
      all_columns = std::max(all_columns, input.size(1));
    }
    const auto spread = [&](Arrays values) {
      for (auto& value : values) value = value.expand({all_rows, all_columns}).contiguous();
      return values;
    };
    const auto all_found = spread(found), all_inputs = spread(inputs);
    for (std::int64_t place = 0; place < all_rows * all_columns; ++place) {
      Numbers own;
      for (const auto& input : all_inputs) own.push_back(input.data_ptr<double>()[place]);
      const auto expected = tape(own);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        const double value = all_found[i].data_ptr<double>()[place];
        ASSERT_TRUE(same(value, expected[i]))
            << "output " << i << ", place " << place << ": " << value << ", not " << expected[i];
      }
    }
  }
}

TEST(LaneTape, ComputesSlowInputsOnce) {
  // A level that is not run again keeps its results, whatever its inputs hold by then.
  Graph graph;
  const Node k = graph.symbol("k"), t = graph.symbol("t");
  const Tape tape(graph, {k, t}, {graph.multiply(graph.apply(Op::exp, k), t)});
  const LaneTape lane_tape(tape, {0, 1});
  auto registers = lane_tape.registers();
  std::fill_n(registers[lane_tape.input(0)], lanes, 0.0);
  lane_tape.run(0, registers);
  std::fill_n(registers[lane_tape.input(0)], lanes, 5.0);
  std::fill_n(registers[lane_tape.input(1)], lanes, 3.0);
  lane_tape.run(1, registers);
  for (std::size_t lane = 0; lane < lanes; ++lane) EXPECT_EQ(registers[lane_tape.output(0)][lane], 3.0);
}

TEST(LaneTape, SharesTheRegistersOfItsLastLevel) {
  // A chain of a thousand steps needs two registers, besides inputs and numbers.
  Graph graph;
  const Node t = graph.symbol("t");
  Node chain = t;
  for (int i = 0; i < 1000; ++i) chain = graph.apply(i % 2 == 0 ? Op::sin : Op::cos, chain);
  const LaneTape lane_tape(Tape(graph, {t}, {chain}), {0});
  EXPECT_LE(lane_tape.output(0), 3 * lanes);
}

}  // namespace
}  // namespace gluesweep::problem
