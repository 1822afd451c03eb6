#include "gluesweep/problem/tape.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace gluesweep::problem {
namespace {

class TapeTest : public testing::Test {
 protected:
  Node build(const std::string& text) {
    return graph.build(job::parse_expression(text), {{"t", t}, {"k", k}});
  }
  Graph graph;
  Node t = graph.symbol("t"), k = graph.symbol("k");
  at::Tensor places = at::linspace(0.5, 2.0, 12, at::kDouble).view({3, 4});
  at::Tensor rates = at::tensor({1.0, 2.0, -0.5}, at::kDouble).view({3, 1});
};

TEST_F(TapeTest, BroadcastsParametersAgainstPlaces) {
  const Tape tape(graph, {t, k}, {build("exp(-k*t)"), build("k**2 + 1"), build("2*t")});
  const auto values = tape(std::vector<at::Tensor>{places, rates});
  EXPECT_EQ(values[0].sizes(), (at::IntArrayRef{3, 4}));
  EXPECT_TRUE(at::allclose(values[0], (-rates * places).exp(), 1e-15, 0.0));
  EXPECT_EQ(values[1].sizes(), (at::IntArrayRef{3, 1}));  // computed once per point
  EXPECT_TRUE(at::equal(values[1], rates * rates + 1.0));
  EXPECT_TRUE(at::equal(values[2], 2.0 * places));
}

TEST_F(TapeTest, GivesNumbersAndInputsAsOutputs) {
  const Tape tape(graph, {t, k}, {graph.number(3.25), k, build("t - t"), k});
  const auto arrays = tape(std::vector<at::Tensor>{places, rates});
  EXPECT_EQ(arrays[0].dim(), 0);
  EXPECT_EQ(arrays[0].item<double>(), 3.25);
  EXPECT_TRUE(at::equal(arrays[1], rates));
  EXPECT_EQ(arrays[2].item<double>(), 0.0);
  EXPECT_TRUE(at::equal(arrays[3], rates));
  EXPECT_EQ(tape(std::vector<double>{0.5, 7.0}), (std::vector<double>{3.25, 7.0, 0.0, 7.0}));
  EXPECT_EQ(tape.instructions(), 0u);
}

TEST_F(TapeTest, KeepsEveryOutputThatOthersUse) {
  const Node inner = build("t*k"), middle = build("sin(t*k)"), outer = build("sin(t*k)**2 + t");
  const Tape tape(graph, {t, k}, {outer, inner, middle, inner});
  const auto values = tape(std::vector<at::Tensor>{places, rates});
  ASSERT_EQ(values.size(), 4u);
  EXPECT_TRUE(at::equal(values[1], places * rates));
  EXPECT_TRUE(at::equal(values[3], values[1]));
  EXPECT_TRUE(at::allclose(values[2], values[1].sin(), 1e-15, 1e-16));
  EXPECT_TRUE(at::equal(values[0], values[2] * values[2] + places));
}

TEST_F(TapeTest, LeavesItsInputsAlone) {
  const auto before = places.clone();
  const Tape tape(graph, {t, k}, {build("2/t + max(t, 1) - t**k")});
  tape(std::vector<at::Tensor>{places, rates});
  EXPECT_TRUE(at::equal(places, before));
}

TEST_F(TapeTest, ComputesASharedExpressionOnce) {
  const Tape tape(graph, {t, k}, {build("exp(k*t) + exp(k*t)**2"), build("1/exp(k*t)")});
  EXPECT_EQ(tape.instructions(), 5u);  // k t, exp, square, sum, quotient
}

TEST_F(TapeTest, HasNothingToDoWithoutOutputs) {
  const Tape tape(graph, {t}, {});
  EXPECT_TRUE(tape(std::vector<double>{1.0}).empty());
  EXPECT_TRUE(tape(std::vector<at::Tensor>{places}).empty());
}

TEST_F(TapeTest, NamesASymbolThatIsNotAnInput) {
  try {
    const Tape tape(graph, {t}, {build("t + k")});
    FAIL() << "accepted";
  } catch (const std::logic_error& error) {
    EXPECT_STREQ(error.what(), "symbol 'k' is not an input");
  }
}

}  // namespace
}  // namespace gluesweep::problem
