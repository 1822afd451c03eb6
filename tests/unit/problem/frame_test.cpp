#include <gtest/gtest.h>

#include "../../support/jobs.hpp"
#include "example_problems.hpp"
#include "gluesweep/job/error.hpp"
#include "gluesweep/problem/system.hpp"

namespace gluesweep::problem {
namespace {

using at::Tensor;
using test::column;
using test::distance;
using test::relative_distance;
using test::row;

System compile(const std::string& problem) { return System(test::job_of(problem).problem); }

Tensors theta_of(const std::string& problem, std::int64_t points = 1) {
  Tensors theta;
  for (const auto& parameter : test::job_of(problem).problem.parameters) {
    theta.push_back(at::full({points, 1}, parameter.default_value, at::kDouble));
  }
  return theta;
}

Tensor places(double first, double last, std::int64_t count = 9) {
  return at::linspace(std::log(first), std::log(last), count, at::kDouble).exp().unsqueeze(0);
}

Tensors uniform(const std::vector<double>& values, const Tensor& t) {
  Tensors constants;
  for (const double value : values) constants.push_back(at::full_like(t, value));
  return constants;
}

// --- equation (1) by hand
// ------------------------------------------------------------------------------------

// A = 1/(c + k2 t): dA/dc = -A^2, f - dA/dt = -k1 A, hence G = k1/A.
TEST(Frame, DriftOfTheSecondOrderPatch) {
  const auto system = compile(decay);
  const Tensors theta{column({0.02, 0.7}), column({12.0, 830.0}), column({1.0, 1.0})};
  const auto t = places(1e-4, 1e2).expand({2, -1});
  const auto c = uniform({1.3}, t);
  const auto drift = system.frame(0).drift(t, theta, c);
  EXPECT_LT(relative_distance(drift.rate[0], theta[0] * (c[0] + theta[1] * t)), 1e-12);
  EXPECT_LT(relative_distance(drift.jacobian[0], theta[0].expand_as(t)), 1e-12);
  EXPECT_TRUE(at::equal(system.frame(0).rate(t, theta, c)[0], drift.rate[0]));
}

// A = exp(d - k1 t): dA/dd = A, f - dA/dt = -k2 A^2, hence G = -k2 A = dG/dd.
TEST(Frame, DriftOfTheFirstOrderPatch) {
  const auto system = compile(decay);
  const Tensors theta{column({0.02, 0.7}), column({12.0, 830.0}), column({1.0, 1.0})};
  const auto t = places(1e-4, 1e1).expand({2, -1});
  const auto d = uniform({-2.5}, t);
  const auto expected = -theta[1] * (d[0] - theta[0] * t).exp();
  const auto drift = system.frame(1).drift(t, theta, d);
  EXPECT_LT(relative_distance(drift.rate[0], expected), 1e-13);
  EXPECT_LT(relative_distance(drift.jacobian[0], expected), 1e-13);
}

// phi = z^(-3/4) (a cos z + b sin z) leaves (3/16) z^-2 phi of the equation in z = m t, so that
// da/dz = (3/16) z^-2 sin z (a cos z + b sin z) and db/dz = -(3/16) z^-2 cos z (a cos z + b sin z).
TEST(Frame, DriftOfTheOscillatingPatch) {
  const auto system = compile(scalar);
  const Tensors theta{column({1.0, 40.0})};
  const auto z = at::linspace(0.8, 30.0, 41, at::kDouble).unsqueeze(0).expand({2, -1});
  const auto t = z / theta[0];
  const auto constants = uniform({0.6, -1.7}, t);
  const auto wave = constants[0] * z.cos() + constants[1] * z.sin();
  const auto strength = 3.0 / 16.0 * theta[0] / (z * z);
  const auto drift = system.frame(1).drift(t, theta, constants);
  // f and dPhi/dt cancel but for a share z^-2, whence the absolute part of the tolerance.
  const double rounding = 1e-13 * theta[0].max().item<double>();
  EXPECT_LT(distance(drift.rate[0], strength * z.sin() * wave), rounding);
  EXPECT_LT(distance(drift.rate[1], -strength * z.cos() * wave), rounding);
  EXPECT_LT(distance(drift.jacobian[0], strength * z.sin() * z.cos()), rounding);
  EXPECT_LT(distance(drift.jacobian[1], strength * z.sin() * z.sin()), rounding);
  EXPECT_LT(distance(drift.jacobian[2], -strength * z.cos() * z.cos()), rounding);
  EXPECT_LT(distance(drift.jacobian[3], -strength * z.cos() * z.sin()), rounding);
}

// phi = a + b t^-1/2 solves the equation without its mass: f - dPhi/dt = (0, -m^2 phi), Wronskian
// -t^(-3/2)/2.
TEST(Frame, DriftOfTheFrozenPatch) {
  const auto system = compile(scalar);
  const Tensors theta{column({3.0})};
  const auto t = places(1e-3, 1.0);
  const auto constants = uniform({0.9, 0.2}, t);
  const auto phi = constants[0] + constants[1] / t.sqrt();
  const auto rate = system.frame(0).rate(t, theta, constants);
  // The terms of b t^-1/2 in f and dPhi/dt, which cancel, are 1e5 times larger than what is left.
  EXPECT_LT(relative_distance(rate[0], -2.0 * 9.0 * t * phi), 1e-10);
  EXPECT_LT(relative_distance(rate[1], 2.0 * 9.0 * t.pow(1.5) * phi), 1e-10);
}

// Hankel's expansion of the shipped problem ends with z^-5 (in Q): what it leaves falls like z^-7.
TEST(Frame, DriftOfTheShippedOscillatingPatchFallsWithTheSeventhPower) {
  const System system(test::shipped_job("misaligned_scalar").problem);
  const Tensors theta{column({1.0})};
  const auto z = row({4.0 * M_PI, 8.0 * M_PI, 16.0 * M_PI});
  const auto rate = system.frame(1).rate(z, theta, uniform({1.0, 0.5}, z));
  const auto size = (rate[0].square() + rate[1].square()).sqrt().log2();
  const auto order = (size.slice(1, 0, 2) - size.slice(1, 1, 3)).squeeze(0);
  EXPECT_NEAR(order[0].item<double>(), 7.0, 0.3);
  EXPECT_NEAR(order[1].item<double>(), 7.0, 0.15);
}

// --- derivatives
// -----------------------------------------------------------------------------------------------

struct Patch {
  std::string problem;
  int patch;
  std::vector<double> constants;
  double first, last;
};

class FramePatches : public testing::TestWithParam<Patch> {
 protected:
  const System system = compile(GetParam().problem);
  const Frame& frame = system.frame(GetParam().patch);
  const Tensors theta = theta_of(GetParam().problem);
  const Tensor t = places(GetParam().first, GetParam().last);
  const Tensors constants = uniform(GetParam().constants, t);
  const std::size_t n = static_cast<std::size_t>(frame.size());
};

/// Columns d(values)/dC_k by fourth-order central differences, row-major as in Frame.
template <class F>
Tensors jacobian_by_differences(F&& values, const Tensors& constants, const std::vector<double>& size) {
  const auto n = constants.size();
  Tensors jacobian(n * n);
  for (std::size_t k = 0; k < n; ++k) {
    const double h = 1e-3 * (size[k] != 0.0 ? std::abs(size[k]) : 1.0);
    const auto moved = [&](double steps) {
      auto copy = constants;
      copy[k] = copy[k] + steps * h;
      return values(copy);
    };
    const auto f2 = moved(2), f1 = moved(1), b1 = moved(-1), b2 = moved(-2);
    for (std::size_t i = 0; i < n; ++i) {
      jacobian[i * n + k] = (8.0 * (f1[i] - b1[i]) - (f2[i] - b2[i])) / (12.0 * h);
    }
  }
  return jacobian;
}

TEST_P(FramePatches, JacobianOfTheState) {
  const auto response = frame.response(t, theta, constants);
  const auto expected = jacobian_by_differences([&](const Tensors& c) { return frame.state(t, theta, c); },
                                                constants, GetParam().constants);
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_TRUE(at::equal(response.state[i], frame.state(t, theta, constants)[i]));
    for (std::size_t k = 0; k < n; ++k) {
      const auto scale = 1e-12 + test::largest(expected[i * n + k]) +
                         test::largest(response.state[i]) / test::largest(constants[k] + 1e-300) * 1e-3;
      EXPECT_LT(distance(response.jacobian[i * n + k], expected[i * n + k]), 1e-8 * scale) << i << ", " << k;
    }
  }
}

TEST_P(FramePatches, JacobianOfTheDrift) {
  const auto drift = frame.drift(t, theta, constants);
  const auto expected = jacobian_by_differences([&](const Tensors& c) { return frame.rate(t, theta, c); },
                                                constants, GetParam().constants);
  for (std::size_t i = 0; i < n * n; ++i) {
    // Rounding of G, amplified by the step, bounds what differences can check.
    const auto rounding = 1e-12 * test::largest(drift.rate[i / n]);
    EXPECT_LT(distance(drift.jacobian[i], expected[i]), 1e-7 * test::largest(expected[i]) + 100 * rounding)
        << i / n << ", " << i % n;
  }
}

// dPhi/dt at fixed constants plus dPhi/dC G is the equation's right-hand side: what G is made for.
TEST_P(FramePatches, TheDriftMakesTheStateObeyTheEquation) {
  const auto rate = frame.rate(t, theta, constants);
  const auto response = frame.response(t, theta, constants);
  const double h = 1e-4;
  const auto at = [&](double steps) { return frame.state(t * (1.0 + steps * h), theta, constants); };
  const auto f2 = at(2), f1 = at(1), b1 = at(-1), b2 = at(-2);
  for (std::int64_t m = 0; m < t.size(1); ++m) {
    std::vector<double> inputs{t[0][m].item<double>()};
    for (const auto& parameter : theta) inputs.push_back(parameter.item<double>());
    for (const auto& value : response.state) inputs.push_back(value[0][m].item<double>());
    const auto right = system.right_side()(inputs);
    for (std::size_t i = 0; i < n; ++i) {
      const auto slope = (8.0 * (f1[i] - b1[i]) - (f2[i] - b2[i])) / (12.0 * h * t);
      double total = slope[0][m].item<double>(), scale = std::abs(total);
      for (std::size_t k = 0; k < n; ++k) {
        const double part = (response.jacobian[i * n + k] * rate[k])[0][m].item<double>();
        total += part;
        scale += std::abs(part);
      }
      scale += std::abs(response.state[i][0][m].item<double>() / inputs[0]);
      EXPECT_NEAR(total, right[i], 1e-9 * scale) << "component " << i << " at " << inputs[0];
    }
  }
}

TEST_P(FramePatches, WeightIsTheRelativeChangeOfTheUnknowns) {
  const auto response = frame.response(t, theta, constants);
  const auto magnitudes = system.magnitudes(t, theta, response.state);
  for (std::size_t k = 0; k < n; ++k) {
    Tensor expected = at::zeros_like(t);
    for (int u = 0; u < system.unknowns(); ++u) {
      const auto i = static_cast<std::size_t>(system.component(u));
      expected = at::maximum(expected,
                             (response.jacobian[i * n + k] / magnitudes[static_cast<std::size_t>(u)]).abs());
    }
    EXPECT_LT(distance(response.weight[k], expected), 1e-13 * test::largest(expected));
  }
}

TEST_P(FramePatches, InversionRoundTrip) {
  const auto state = frame.state(t, theta, constants);
  Tensors guess;
  for (std::size_t k = 0; k < n; ++k) guess.push_back(constants[k] * 1.2 + 0.05);
  const auto inverse = frame.invert(t, theta, state, guess);
  EXPECT_LT(test::largest(inverse.error), 1e-10);
  for (std::size_t k = 0; k < n; ++k) {
    EXPECT_LT(relative_distance(inverse.constants[k], constants[k]), 1e-8) << "constant " << k;
  }
  // However well the constants are determined, the state must come back to rounding.
  const auto back = frame.state(t, theta, inverse.constants);
  for (std::size_t i = 0; i < n; ++i) EXPECT_LT(relative_distance(back[i], state[i]), 1e-11) << i;
}

INSTANTIATE_TEST_SUITE_P(Examples, FramePatches,
                         testing::Values(Patch{decay, 0, {1.4}, 1e-4, 1e1}, Patch{decay, 1, {-3.0}, 1.0, 1e2},
                                         Patch{scalar, 0, {0.9, 0.02}, 1e-3, 1.0},
                                         Patch{scalar, 1, {0.6, -1.7}, 0.1, 3.0},
                                         Patch{enzyme, 0, {0.8, 0.1}, 1e-2, 1.0},
                                         Patch{autocatalysis, 0, {1.5, 0.02, 0.9}, 1.0, 1e4},
                                         Patch{third_order, 0, {0.9, -0.2, 0.4}, 0.1, 2.0}),
                         [](const auto& variant) { return "example_" + std::to_string(variant.index); });

// --- along a trajectory
// ------------------------------------------------------------------------------------------

TEST(Frame, ConstantsOfTheExactSolutionObeyEquationOne) {
  const auto system = compile(decay);
  const auto theta = theta_of(decay);
  const double k1 = 0.1, k2 = 100.0;
  const auto exact = [&](const Tensor& t) {
    return 1.0 / ((1.0 + k2 / k1) * (k1 * (t - 1e-4)).exp() - k2 / k1);
  };
  const auto t = places(1e-3, 5e1, 33);
  for (const int p : {0, 1}) {
    const auto& frame = system.frame(p);
    const auto constants_at = [&](const Tensor& where) {
      return frame.invert(where, theta, {exact(where)}, system.guess(p, theta)).constants[0];
    };
    const double h = 1e-3;
    const auto slope = (8.0 * (constants_at(t * (1 + h)) - constants_at(t * (1 - h))) -
                        (constants_at(t * (1 + 2 * h)) - constants_at(t * (1 - 2 * h)))) /
                       (12.0 * h * t);
    const auto rate = frame.rate(t, theta, {constants_at(t)})[0];
    // Differences of C = 1/A - k2 t lose the digits in which its two terms agree.
    const auto lost = 1e-12 * (1.0 / exact(t) + k2 * t + 10.0) / (h * t);
    EXPECT_TRUE(((slope - rate).abs() < 1e-8 * rate.abs() + lost).all().item<bool>()) << frame.name();
  }
}

// The classical Runge-Kutta rule with equation (1) alone must arrive at the closed form.
TEST(Frame, IntegratingTheConstantsGivesTheSolution) {
  const auto system = compile(decay);
  const auto theta = theta_of(decay);
  const auto& frame = system.frame(0);
  const double start = 1e-4, end = 5.0;
  const int steps = 400;
  Tensor c = frame.invert(column({start}), theta, {column({1.0})}, system.guess(0, theta)).constants[0];
  const double h = std::log(end / start) / steps;
  const auto slope = [&](double x, const Tensor& value) {
    const auto t = column({std::exp(x)});
    return frame.rate(t, theta, {value})[0] * t;
  };
  for (int i = 0; i < steps; ++i) {
    const double x = std::log(start) + i * h;
    const auto s1 = slope(x, c), s2 = slope(x + 0.5 * h, c + 0.5 * h * s1);
    const auto s3 = slope(x + 0.5 * h, c + 0.5 * h * s2), s4 = slope(x + h, c + h * s3);
    c = c + h / 6.0 * (s1 + 2.0 * s2 + 2.0 * s3 + s4);
  }
  const double arrived = frame.state(column({end}), theta, {c})[0].item<double>();
  const double expected = 1.0 / (1001.0 * std::exp(0.1 * (end - start)) - 1000.0);
  EXPECT_NEAR(arrived / expected, 1.0, 1e-9);
}

// --- inversion
// -----------------------------------------------------------------------------------------------------

TEST(Frame, InversionFailsAloneWhereTheStateIsOutOfReach) {
  const auto system = compile(decay);
  const Tensors theta{column({0.1, 0.1}), column({100, 100}), column({1, 1})};
  const auto t = row({1.0, 2.0}).expand({2, 2}).contiguous();
  Tensor state = at::full({2, 2}, 0.3, at::kDouble);
  state[1][0] = -0.3;  // exp(d - k1 t) is never negative
  const auto inverse = system.frame(1).invert(t, theta, {state}, system.guess(1, theta));
  EXPECT_TRUE(inverse.error.isnan()[1][0].item<bool>());
  EXPECT_EQ(inverse.error.isnan().sum().item<int>(), 1);
  EXPECT_NEAR(inverse.constants[0][0][1].item<double>(), std::log(0.3) + 0.2, 1e-14);
  EXPECT_NEAR(inverse.constants[0][1][1].item<double>(), std::log(0.3) + 0.2, 1e-14);
}

TEST(Frame, InversionOfAnUndefinedStateIsUndefined) {
  const auto system = compile(enzyme);
  const auto inverse =
      system.frame(0).invert(row({0.5, 1.0}), theta_of(enzyme), {row({NAN, 0.2}), row({0.03, 0.05})},
                             system.guess(0, theta_of(enzyme)));
  EXPECT_TRUE(inverse.error[0][0].isnan().item<bool>());
  EXPECT_LT(inverse.error[0][1].item<double>(), 1e-10);
}

// 1/(c - lambda/x): Newton's iteration for c diverges from far away, the undone expression does not.
TEST(Frame, InvertsAReciprocalFromAFarGuess) {
  const System system(test::shipped_job("freeze_out").problem);
  const Tensors theta{column({1e9})};
  const auto x = row({20.0, 100.0});
  const auto state = system.frame(1).state(x, theta, {at::full_like(x, 7.5e7)});
  const auto inverse = system.frame(1).invert(x, theta, state, {at::full_like(x, 1.0)});
  EXPECT_LT(relative_distance(inverse.constants[0], at::full_like(x, 7.5e7)), 1e-12);
}

TEST(Frame, UsesTheProblemsOwnInverse) {
  // The positive branch, which Newton's iteration would not reach from this guess.
  const std::string text = R"yaml(name: square
variable: {symbol: t, range: [0, 1], scale: linear}
parameters: {k: {default: 1.0}}
unknowns: {y: {}}
equations: {y: "-k*y"}
conditions: [{at: start, y: "4"}]
patches: [{name: only, constants: {c: "-1"}, solution: {y: "c**2 + sin(t)*c*0"}, inverse: {c: "sqrt(y)"}}]
)yaml";
  const auto system = compile(text);
  const auto inverse = system.frame(0).invert(row({0.5}), theta_of(text), {row({4.0})}, {row({-1.0})});
  EXPECT_NEAR(inverse.constants[0].item<double>(), 2.0, 1e-15);
}

// --- degenerate frames
// -----------------------------------------------------------------------------------------------

TEST(Frame, ConditionNumberGrowsTowardsDegeneracy) {
  // y = a sin t + b (sin t + p cos t): the columns of dPhi/dC become parallel as p -> 0.
  const std::string text = R"yaml(name: parallel
variable: {symbol: t, range: [0.1, 1], scale: linear}
parameters: {p: {default: 1.0}}
unknowns: {y: {order: 2, magnitude: "1"}}
equations: {y: "-y"}
conditions: [{at: start, y: "1", y_t: "0"}]
patches: [{name: only, constants: {a: "1", b: "0"}, solution: {y: "a*sin(t) + b*(sin(t) + p*cos(t))"}}]
)yaml";
  const auto system = compile(text);
  const auto t = row({0.3, 0.9}).expand({4, 2}).contiguous();
  const auto condition = system.frame(0).condition(t, {column({1.0, 1e-4, 1e-8, 0.0})}, uniform({1, 1}, t));
  EXPECT_LT(test::largest(condition[0]), 10.0);
  for (const int i : {1, 2}) {
    const double expected = i == 1 ? 1e4 : 1e8;
    EXPECT_GT(condition[i].min().item<double>(), 0.1 * expected);
    EXPECT_LT(condition[i].max().item<double>(), 10.0 * expected);
  }
  EXPECT_FALSE(condition[3].isfinite().any().item<bool>());
}

TEST(Frame, RefusesAPatchThatIsDegenerateEverywhere) {
  try {
    compile(test::replaced(decay, "exp(d - k1*t)", "exp(-k1*t) + 0*d"));
    FAIL() << "accepted";
  } catch (const job::InputError& error) {
    EXPECT_STREQ(
        error.what(),
        "patch 'first_order' of problem 'decay' is degenerate everywhere: its solution does not depend on "
        "all of its constants independently (det dPhi/dC = 0 for all parameters); write a solution in which "
        "each constant changes the state in its own way");
  }
}

// Fourteen unknowns that all depend on all constants: 2^14 minors and more. It must not take half a minute
// and a gigabyte to say so.
TEST(Frame, RefusesAPatchThatCouplesTooMuch) {
  std::string unknowns, equations, start, constants, solution;
  for (int i = 0; i < 14; ++i) {
    const std::string separator = i == 0 ? "" : ", ", y = "y" + std::to_string(i),
                      c = "c" + std::to_string(i);
    unknowns += separator + y + ": {order: 1}";
    equations += separator + y + ": \"-k1*" + y + "\"";
    start += ", " + y + ": \"1\"";
    constants += separator + c + ": \"1\"";
    std::string sum = "0";
    for (int j = 0; j < 14; ++j)
      sum += " + c" + std::to_string(j) + "*t**" + std::to_string(i + 1 + 0.25 * i * j);
    solution += separator + y + ": \"" + sum + "\"";
  }
  try {
    compile(
        "{name: dense, variable: {symbol: t, range: [1, 2], scale: log}, parameters: {k1: {default: 1}}, "
        "unknowns: {" +
        unknowns + "}, equations: {" + equations + "}, conditions: [{at: start" + start +
        "}], patches: [{name: all, constants: {" + constants + "}, solution: {" + solution + "}}]}");
    FAIL() << "accepted";
  } catch (const job::InputError& error) {
    EXPECT_STREQ(
        error.what(),
        "patch 'all' of problem 'dense' couples too many constants: its frame equations have more than "
        "200000 operations; write solutions in which each unknown depends on few constants");
  }
}

TEST(Frame, RefusesTwoConstantsThatDoTheSame) {
  EXPECT_THROW(compile(test::replaced(scalar, "a + b*t**(-0.5)", "a + b")), job::InputError);
}

}  // namespace
}  // namespace gluesweep::problem
