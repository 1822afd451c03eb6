#include "gluesweep/problem/system.hpp"

#include <gtest/gtest.h>

#include "../../support/jobs.hpp"
#include "example_problems.hpp"
#include "gluesweep/job/error.hpp"

namespace gluesweep::problem {
namespace {

using test::column;
using test::distance;
using test::row;

System compile(const std::string& problem) { return System(test::job_of(problem).problem); }

TEST(System, KnowsItsShape) {
  const auto two = compile(R"yaml(name: mixed
variable: {symbol: x, range: [0, 2], scale: linear}
parameters: {k: {default: 1}}
unknowns: {y: {order: 2}, q: {}, z: {order: 3}}
equations: {y: "-k*y", q: "-q", z: "0"}
conditions: [{at: start, y: "1", y_x: "0", q: "1", z: "0", z_x: "0"}, {at: 1.5, z_xx: "x*k"}]
patches:
  - name: all
    constants: {a: "1", b: "0", c: "0", d: "0", e: "0", f: "0"}
    solution: {y: "a + b*x", q: "c*exp(-x)", z: "d + e*x + f*x**2"}
)yaml");
  EXPECT_EQ(two.size(), 6);
  EXPECT_EQ(two.unknowns(), 3);
  EXPECT_EQ(two.component(0), 0);
  EXPECT_EQ(two.component(1), 2);
  EXPECT_EQ(two.component(2), 3);
  EXPECT_FALSE(two.log_scale());
  EXPECT_FALSE(two.starts_with_all());
  ASSERT_EQ(two.conditions().size(), 6u);
  EXPECT_EQ(two.conditions()[5].component, 5);
  EXPECT_EQ(two.conditions()[5].at, 1.5);
  EXPECT_EQ(two.conditions()[5].value(std::vector<double>{1.5, 4.0}).front(), 6.0);
  // U' at t = 1, k = 2: lower derivatives are state components, the highest is the equation.
  EXPECT_EQ(two.right_side()(std::vector<double>{1.0, 2.0, 10, 11, 12, 13, 14, 15}),
            (std::vector<double>{11, -20, -12, 14, 15, 0}));
}

TEST(System, TurnsTheVariableIntoXAndBack) {
  const auto log = compile(decay);
  EXPECT_TRUE(log.log_scale());
  EXPECT_TRUE(log.starts_with_all());
  EXPECT_EQ(log.start(), 1e-4);
  EXPECT_EQ(log.end(), 1e2);
  EXPECT_EQ(log.to_x(std::exp(2.0)), 2.0);
  const auto t = row({1e-4, 1.0, 1e2});
  EXPECT_LT(test::relative_distance(log.to_t(log.to_x(t)), t), 1e-15 * 8);
  const auto linear = compile(third_order);
  EXPECT_EQ(linear.to_x(0.7), 0.7);
  EXPECT_TRUE(at::equal(linear.to_t(linear.to_x(t)), t));
}

TEST(System, GivesPerPointScalars) {
  const auto system = compile(test::replaced(
      decay, "until: \"0.1/k1\"", "until: \"0.1/k1\", overlap: \"1 + k1\", resolve: [\"2/k1\", \"3\"]"));
  const Tensors theta{column({0.1, 0.5}), column({10, 20}), column({1, 2})};
  EXPECT_LT(distance(system.hand_over(0, theta), column({1.0, 0.2})), 1e-15);
  EXPECT_LT(distance(system.overlap(0, theta), column({std::log(1.1), std::log(1.5)})), 1e-15);
  EXPECT_LT(distance(system.overlap(1, theta), column({std::log(1.5), std::log(1.5)})), 1e-15);
  const auto places = system.resolve(0, theta);
  ASSERT_EQ(places.size(), 2u);
  EXPECT_LT(distance(places[0], column({20.0, 4.0})), 1e-14);
  EXPECT_TRUE(at::equal(places[1], column({3.0, 3.0})));
  EXPECT_TRUE(system.resolve(1, theta).empty());
  EXPECT_TRUE(at::equal(system.guess(0, theta)[0], column({1.0, 0.5})));
  EXPECT_TRUE(at::equal(system.guess(1, theta)[0], column({0.0, 0.0})));
}

TEST(System, OverlapOfALinearVariableIsAHalfWidth) {
  const std::string text = R"yaml(name: two
variable: {symbol: x, range: [1, 5], scale: linear}
parameters: {k: {default: 1}}
unknowns: {y: {}}
equations: {y: "-k*y"}
conditions: [{at: start, y: "1"}]
patches:
  - {name: p, constants: {a: "1"}, solution: {y: "a"}, until: "2"}
  - {name: q, constants: {a: "1"}, solution: {y: "a*exp(-k*x)"}}
)yaml";
  EXPECT_NEAR(compile(text).overlap(0, {column({1.0})}).item<double>(), 0.05 * 4.0, 1e-15);
  const auto own = compile(test::replaced(text, "until: \"2\"", "until: \"2\", overlap: \"0.3*k\""));
  EXPECT_NEAR(own.overlap(0, {column({2.0})}).item<double>(), 0.6, 1e-15);
}

TEST(System, ComputesDerivedValuesInTheirOrderOfInputs) {
  const auto system =
      compile(decay + std::string("derived:\n"
                                  "  first: \"k1*second_order_c_limit + 10*first_order_d_limit\"\n"
                                  "  second: \"100*crossover_second_order_first_order + A_end\"\n"
                                  "  third: \"7\"\n"));
  const Tensors theta{column({0.5, 2.0}), column({1, 1}), column({1, 1})};
  const auto values =
      system.derived(theta, {column({2, 3}), column({5, 7}), column({11, 13}), column({17, 19})});
  ASSERT_EQ(values.size(), 3u);
  EXPECT_TRUE(at::equal(values[0], column({51, 76})));
  EXPECT_TRUE(at::equal(values[1], column({1117, 1319})));
  EXPECT_TRUE(at::equal(values[2], column({7, 7})));
}

TEST(System, MagnitudeDefaultsToTheUnknownItself) {
  const auto system = compile(enzyme);  // S without, C with a magnitude
  const Tensors theta{column({100}), column({5}), column({1}), column({0.1})};
  const auto scale = system.magnitudes(row({1, 2}), theta, {row({-0.4, 0.3}), row({0.02, 0.01})});
  EXPECT_TRUE(at::equal(scale[0], row({0.4, 0.3})));
  EXPECT_TRUE(at::equal(scale[1], row({0.1, 0.1})));
}

TEST(System, ExactSolutionsOnlyWhereAllUnknownsHaveOne) {
  const System with(test::shipped_job("mixed_order_decay").problem);
  const auto t = row({1e-4, 1.0});
  const auto exact = with.exact(t, {column({0.1}), column({100}), column({1})});
  ASSERT_EQ(exact.size(), 1u);
  EXPECT_NEAR(exact[0][0][0].item<double>(), 1.0, 1e-15);
  EXPECT_NEAR(exact[0][0][1].item<double>(), 1.0 / (1001.0 * std::exp(0.1 * (1.0 - 1e-4)) - 1000.0), 1e-15);
  EXPECT_TRUE(compile(decay).exact(t, {column({0.1}), column({100}), column({1})}).empty());
  const auto half = compile(enzyme + std::string("exact: {S: \"t\"}\n"));
  EXPECT_TRUE(half.exact(t, {column({100}), column({5}), column({1}), column({0.1})}).empty());
}

TEST(System, RefusesAProblemWithoutParameters) {
  try {
    compile(R"yaml(name: bare
variable: {symbol: x, range: [0, 1], scale: linear}
unknowns: {y: {}}
equations: {y: "-y"}
conditions: [{at: start, y: "1"}]
patches: [{name: only, constants: {a: "1"}, solution: {y: "a*exp(-x)"}}]
)yaml");
    FAIL() << "accepted";
  } catch (const job::InputError& error) {
    EXPECT_STREQ(
        error.what(),
        "problem 'bare' has no parameters, but a scan is over at least one; declare one under `parameters`, "
        "with a default where it is not to vary");
  }
}

}  // namespace
}  // namespace gluesweep::problem
