#include "gluesweep/problem/matching.hpp"

#include <gtest/gtest.h>

#include "../../support/jobs.hpp"
#include "example_problems.hpp"

namespace gluesweep::problem {
namespace {

using test::column;
using test::distance;
using test::relative_distance;
using test::row;

System compile(const std::string& problem) { return System(test::job_of(problem).problem); }

/// y' = -y with three patches that hand over where the parameters say.
constexpr const char* three = R"yaml(name: three
variable: {symbol: x, range: [0, 10], scale: linear}
parameters: {first: {default: 2}, second: {default: 6}, half: {default: 0.3}}
unknowns: {y: {}}
equations: {y: "-y"}
conditions: [{at: start, y: "1"}]
patches:
  - {name: p, constants: {a: "1"}, solution: {y: "a - x"}, until: "first", overlap: "half"}
  - {name: q, constants: {a: "1"}, solution: {y: "a/(1 + x)"}, until: "second", overlap: "half"}
  - {name: r, constants: {a: "0"}, solution: {y: "exp(a - x)"}}
)yaml";

TEST(Regions, AreWhatTheJobSaysWhereThatIsInOrder) {
  const auto regions = make_regions(compile(three), {column({2, 3}), column({6, 3.7}), column({0.3, 0.1})});
  EXPECT_TRUE(at::allclose(regions.edge,
                           at::tensor({0.0, 2.0, 6.0, 10.0, 0.0, 3.0, 3.7, 10.0}, at::kDouble).view({2, 4})));
  EXPECT_TRUE(at::allclose(regions.overlap, at::tensor({0.3, 0.3, 0.1, 0.1}, at::kDouble).view({2, 2})));
  EXPECT_TRUE(at::equal(regions.start(0), column({0, 0})));
  EXPECT_TRUE(at::allclose(regions.end(0), column({2.3, 3.1})));
  EXPECT_TRUE(at::allclose(regions.start(1), column({1.7, 2.9})));
  EXPECT_TRUE(at::allclose(regions.end(1), column({6.3, 3.8})));
  EXPECT_TRUE(at::allclose(regions.start(2), column({5.7, 3.6})));
  EXPECT_TRUE(at::equal(regions.end(2), column({10, 10})));
}

TEST(Regions, KeepEveryPatchInsideTheDomainAndInOrder) {
  // Before the start, beyond the end, swapped, equal, and both on one side.
  const Tensors theta{column({-5, 20, 7, 4, 11, -3}), column({-1, 30, 2, 4, 5, 12}),
                      column({0.3, 0.3, 5, 5, 1, 1})};
  const auto regions = make_regions(compile(three), theta);
  const auto width = regions.edge.slice(1, 1) - regions.edge.slice(1, 0, -1);
  EXPECT_GE(width.min().item<double>(), 0.001 * (1 - 1e-9));  // 1e-4 of the domain
  EXPECT_TRUE((regions.edge.select(1, 0) == 0.0).all().item<bool>());
  EXPECT_TRUE((regions.edge.select(1, 3) == 10.0).all().item<bool>());
  const auto expected = at::tensor(
      {0.001, 0.002, 9.998, 9.999, 7.0, 7.001, 4.0, 4.001, 9.998, 9.999, 0.001, 9.999}, at::kDouble);
  EXPECT_LT(distance(regions.edge.slice(1, 1, 3).flatten(), expected), 1e-12);
  // Overlaps stay within half of both neighbours.
  for (int p = 0; p < 2; ++p) {
    const auto half = 0.5 * at::minimum(width.narrow(1, p, 1), width.narrow(1, p + 1, 1));
    EXPECT_TRUE((regions.overlap.narrow(1, p, 1) <= half).all().item<bool>());
    EXPECT_TRUE((regions.overlap.narrow(1, p, 1) > 0.0).all().item<bool>());
    EXPECT_TRUE((regions.end(p) > regions.start(p + 1)).all().item<bool>());
  }
}

TEST(Regions, OwnersPartitionTheDomain) {
  const auto regions = make_regions(compile(three), {column({2, 20}), column({6, 3}), column({0.3, 0.1})});
  auto x = at::linspace(0.0, 10.0, 1001, at::kDouble).unsqueeze(0).expand({2, -1});
  x = at::cat({x, regions.edge}, 1);  // and the hand-overs themselves
  at::Tensor owners = at::zeros_like(x), last = at::zeros_like(x);
  for (int p = 0; p < 3; ++p) {
    owners = owners + regions.owned(p, x).to(at::kDouble);
    last = at::where(regions.owned(p, x), at::full_like(x, p), last);
  }
  EXPECT_TRUE((owners == 1.0).all().item<bool>());
  const auto sorted = std::get<0>(x.sort(1));
  at::Tensor patch = at::zeros_like(sorted);
  for (int p = 1; p < 3; ++p) patch = patch + (sorted > regions.own_start(p)).to(at::kDouble);
  at::Tensor owned = at::zeros_like(sorted);
  for (int p = 1; p < 3; ++p) owned = at::where(regions.owned(p, sorted), at::full_like(sorted, p), owned);
  EXPECT_TRUE(at::equal(patch, owned));
}

TEST(Regions, OfOnePatchAreTheDomain) {
  const auto regions = make_regions(compile(third_order), {column({1, 2})});
  EXPECT_TRUE(at::equal(regions.edge, at::tensor({0.0, 2.0, 0.0, 2.0}, at::kDouble).view({2, 2})));
  EXPECT_EQ(regions.overlap.sizes(), (at::IntArrayRef{2, 0}));
  EXPECT_TRUE(regions.owned(0, row({0, 1, 2})).all().item<bool>());
}

TEST(Matching, ForwardByHand) {
  const auto system = compile(decay);
  const Tensors theta{column({0.1, 0.02}), column({100, 30}), column({1, 2})};
  const auto regions = make_regions(system, theta);
  const auto matching = match(system, theta, regions);
  EXPECT_TRUE(matching.solved.all().item<bool>());
  const auto c = 1.0 / theta[2] - theta[1] * 1e-4;
  EXPECT_LT(relative_distance(matching.constants[0][0], c), 1e-14);
  const auto hand_over = 0.1 / theta[0];
  const auto d = -(c + theta[1] * hand_over).log() + theta[0] * hand_over;
  EXPECT_LT(relative_distance(matching.constants[1][0], d), 1e-13);
}

TEST(Matching, ForwardMeetsTheConditionsAndIsContinuous) {
  for (const std::string name : {"mixed_order_decay", "freeze_out", "misaligned_scalar"}) {
    const System system(test::shipped_job(name).problem);
    const Tensors theta = name == "mixed_order_decay"
                              ? Tensors{column({0.011, 0.9}), column({15, 950}), column({1, 1})}
                          : name == "freeze_out" ? Tensors{column({1.1e6, 9e11})}
                                                 : Tensors{column({1.1, 95})};
    const auto regions = make_regions(system, theta);
    const auto matching = match(system, theta, regions);
    EXPECT_TRUE(matching.solved.all().item<bool>()) << name;
    const auto start = column({system.start(), system.start()});
    const auto first = matched_state(system, theta, regions, matching, start);
    for (const auto& condition : system.conditions()) {
      Tensors inputs{start};
      inputs.insert(inputs.end(), theta.begin(), theta.end());
      const auto value = condition.value(inputs).front().expand_as(start);
      EXPECT_LT(distance(first[static_cast<std::size_t>(condition.component)], value),
                1e-12 * (1 + test::largest(value)))
          << name;
    }
    const auto edge = regions.own_end(0);
    const auto before = matched_state(system, theta, regions, matching, system.to_t(edge - 1e-12));
    const auto after = matched_state(system, theta, regions, matching, system.to_t(edge + 1e-12));
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_LT(distance(after[i], before[i]), 1e-9 * (1 + test::largest(before[i]))) << name;
    }
  }
}

TEST(Matching, KeepsTheGuessAndSaysSoWhereThereIsNoSolution) {
  // exp(d - k1 t) cannot continue a negative state.
  const auto system = compile(test::replaced(decay, "c: \"1/A0\"", "c: \"1\""));
  const Tensors theta{column({0.1, 0.1}), column({100, 100}), column({1, -0.005})};
  const auto regions = make_regions(system, theta);
  const auto matching = match(system, theta, regions);
  EXPECT_TRUE(matching.solved[0].item<bool>());
  EXPECT_FALSE(matching.solved[1].item<bool>());
  EXPECT_TRUE(matching.constants[1][0].isfinite().all().item<bool>());
}

// --- conditions that are not all at the start
// --------------------------------------------------------------------------

constexpr const char* hyperbolic = R"yaml(name: hyperbolic
variable: {symbol: x, range: [0, 1], scale: linear}
parameters: {k: {default: 1}}
unknowns: {y: {order: 2, magnitude: "1"}}
equations: {y: "k**2*y"}
conditions: [{at: start, y: "0"}, {at: end, y: "1"}]
patches:
  - {name: left, constants: {a: "0", b: "1"}, solution: {y: "a*cosh(k*x) + b*sinh(k*x)"}, until: "0.4 + 0.01*k"}
  - {name: right, constants: {a: "0", b: "1"}, solution: {y: "a*exp(k*x) + b*exp(-k*x)"}}
)yaml";

TEST(Matching, GloballyForConditionsAtBothEnds) {
  const auto system = compile(hyperbolic);
  const Tensors theta{column({0.5, 1, 2, 5})};
  const auto regions = make_regions(system, theta);
  const auto matching = match(system, theta, regions);
  EXPECT_TRUE(matching.solved.all().item<bool>());
  const auto x = at::linspace(0.0, 1.0, 41, at::kDouble).unsqueeze(0).expand({4, -1}).contiguous();
  const auto state = matched_state(system, theta, regions, matching, x);
  EXPECT_LT(distance(state[0], (theta[0] * x).sinh() / theta[0].sinh()), 1e-12);
  EXPECT_LT(distance(state[1] / theta[0], (theta[0] * x).cosh() / theta[0].sinh()), 1e-12);
}

TEST(Matching, GloballyForAConditionInside) {
  // On the left of the hand-over for one point and on its right for another; a derivative at the end.
  const auto system = compile(test::replaced(hyperbolic, "[{at: start, y: \"0\"}, {at: end, y: \"1\"}]",
                                             "[{at: 0.43, y: \"2*x\"}, {at: end, y_x: \"k\"}]"));
  const Tensors theta{column({1, 2, 5})};
  const auto regions = make_regions(system, theta);
  EXPECT_LT(regions.own_end(0)[0].item<double>(), 0.43);
  EXPECT_GT(regions.own_end(0)[2].item<double>(), 0.43);
  const auto matching = match(system, theta, regions);
  EXPECT_TRUE(matching.solved.all().item<bool>());
  // y = a cosh k(x - 1) + sinh k(x - 1) has y'(1) = k.
  const auto& k = theta[0];
  const auto a = (0.86 - (k * (0.43 - 1.0)).sinh()) / (k * (0.43 - 1.0)).cosh();
  const auto x = at::linspace(0.0, 1.0, 41, at::kDouble).unsqueeze(0).expand({3, -1}).contiguous();
  const auto expected = a * (k * (x - 1.0)).cosh() + (k * (x - 1.0)).sinh();
  EXPECT_LT(distance(matched_state(system, theta, regions, matching, x)[0], expected), 1e-12);
}

TEST(Matching, GloballyForANonlinearPatch) {
  const auto system = compile(R"yaml(name: reciprocal
variable: {symbol: x, range: [0, 4], scale: linear}
parameters: {v: {default: 0.25}}
unknowns: {y: {}}
equations: {y: "-y**2"}
conditions: [{at: 2, y: "v"}]
patches:
  - {name: p, constants: {c: "1"}, solution: {y: "1/(c + x)"}, until: "1.5"}
  - {name: q, constants: {d: "0.5"}, solution: {y: "1/(1/d + x)"}}
)yaml");
  const Tensors theta{column({0.25, 0.4})};  // c = 1/v - 2
  const auto matching = match(system, theta, make_regions(system, theta));
  EXPECT_TRUE(matching.solved.all().item<bool>());
  EXPECT_LT(distance(matching.constants[0][0], column({2.0, 0.5})), 1e-11);
  EXPECT_LT(distance(matching.constants[1][0], column({0.5, 2.0})), 1e-11);
}

TEST(Matching, GloballySaysWhereItFails) {
  // 1/(c + x) is never zero: no constant meets the condition of the second point.
  const auto system = compile(R"yaml(name: unreachable
variable: {symbol: x, range: [0, 4], scale: linear}
parameters: {v: {default: 0.25}}
unknowns: {y: {}}
equations: {y: "-y**2"}
conditions: [{at: end, y: "v"}]
patches: [{name: only, constants: {c: "1"}, solution: {y: "1/(c + x)"}}]
)yaml");
  const Tensors theta{column({0.2, 0.0})};
  const auto matching = match(system, theta, make_regions(system, theta));
  EXPECT_TRUE(matching.solved[0].item<bool>());
  EXPECT_NEAR(matching.constants[0][0][0].item<double>(), 1.0, 1e-12);
  EXPECT_FALSE(matching.solved[1].item<bool>());
}

}  // namespace
}  // namespace gluesweep::problem
