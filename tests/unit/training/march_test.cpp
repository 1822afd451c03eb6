#include "gluesweep/training/march.hpp"

#include <gtest/gtest.h>

#include "../../support/jobs.hpp"
#include "../../support/reference_table.hpp"
#include "example_problems.hpp"
#include "layout.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;
using test::column;
using test::distance;
using test::row;

// --- the grid ------------------------------------------------------------------------------------

TEST(Grid, CoversEachTrainedRegion) {
  const Layout layout(test::shipped_job("misaligned_scalar").problem, column({2, 70}), 10, 4);
  ASSERT_EQ(layout.grid.patches.size(), 2u);
  for (int p = 0; p < 2; ++p) {
    const auto& patch = layout.grid.patches[static_cast<std::size_t>(p)];
    const auto x = layout.system.to_x(patch.t);
    EXPECT_LT(distance(x.narrow(1, 0, 1), layout.regions.start(p)), 1e-14);
    EXPECT_LT(distance(x.narrow(1, -1, 1), layout.regions.end(p)), 1e-14);
    EXPECT_TRUE((x.slice(1, 1) > x.slice(1, 0, -1)).all().item<bool>());
    // speed is dt/dxi: its integral over the elements is t.
    const auto rise = layout.elements.inner(patch.t) - layout.elements.left(patch.t).unsqueeze(-1);
    EXPECT_LT(distance(layout.elements.integrate(patch.speed).select(2, 3), rise.select(2, 3)),
              1e-4 * test::largest(rise));
  }
}

TEST(Grid, FinerElementsHaveTheSameBorders) {
  const Layout layout(test::shipped_job("freeze_out").problem, column({1e8}), 10, 4);
  const network::Elements finer(20, 4);
  const auto grid = make_grid(layout.system, {layout.grid.patches[0].map, layout.grid.patches[1].map}, finer);
  for (std::size_t p = 0; p < 2; ++p) {
    EXPECT_EQ(grid.patches[p].t.size(1), finer.size());
    // Every other element border is one of the coarse grid's.
    EXPECT_LT(test::relative_distance(grid.patches[p].t.slice(1, 0, c10::nullopt, 8),
                                      layout.grid.patches[p].t.slice(1, 0, c10::nullopt, 4)),
              1e-12);
  }
}

TEST(Grid, AllMapsOfAProblemHaveTheAnnouncedNumberOfTerms) {
  for (const std::string name : {"mixed_order_decay", "freeze_out", "misaligned_scalar"}) {
    const auto problem = test::shipped_job(name).problem;
    const auto parameters =
        at::ones({1, static_cast<std::int64_t>(problem.parameters.size())}, at::kDouble) * 20.0;
    const Layout layout(problem, name == "freeze_out" ? parameters * 1e7 : parameters, 4, 3);
    for (const auto& patch : layout.grid.patches)
      EXPECT_EQ(patch.map.beta.size(1), map_terms(problem)) << name;
  }
}

// --- the march -----------------------------------------------------------------------------------

// Right-Radau collocation: order 2 s - 1 at element ends.
TEST(March, ConvergesWithTheOrderOfRadauCollocation) {
  const auto problem = test::job_of(one_patch_decay).problem;
  const auto parameters = at::tensor({0.3, 40.0}, at::kDouble).view({1, 2});
  for (const int s : {2, 3}) {
    std::vector<double> errors;
    for (const int count : {16, 32, 64}) {
      const Layout layout(problem, parameters, count, s);
      const auto marched = march(layout.system, layout.theta, layout.grid, layout.matching);
      EXPECT_TRUE(marched.solved.item<bool>());
      const auto& d = marched.nodes[0][0];
      const auto ends = at::cat({layout.elements.left(d), d.narrow(1, -1, 1)}, 1);
      const auto t = layout.grid.patches[0].t;
      const auto t_ends = at::cat({layout.elements.left(t), t.narrow(1, -1, 1)}, 1);
      const auto exact = layout.system.exact(t_ends, layout.theta)[0].log() + 0.3 * t_ends;
      errors.push_back(distance(ends, exact));
    }
    const double order = 2.0 * s - 1.0;
    EXPECT_NEAR(std::log2(errors[0] / errors[1]), order, 0.3) << s << " nodes";
    EXPECT_NEAR(std::log2(errors[1] / errors[2]), order, 0.3) << s << " nodes";
  }
}

TEST(March, GoesThroughAllPatches) {
  const auto table = test::read_reference("mixed_order_decay", 2);
  const auto parameters = at::cat({table.parameters, at::ones({6, 1}, at::kDouble)}, 1);
  const Layout layout(test::shipped_job("mixed_order_decay").problem, parameters, 40, 5);
  const auto marched = march(layout.system, layout.theta, layout.grid, layout.matching);
  EXPECT_TRUE(marched.solved.all().item<bool>());
  const auto x = layout.system.to_x(row(table.places)).expand({6, -1});
  EXPECT_LT(test::relative_distance(layout.state(marched.nodes, x)[0], table.values.at("A")), 2e-8);
}

TEST(March, MarksAPointThatFailsAndKeepsTheOthers) {
  // Where k1 < 0 ends the decay's validity, log(k1) undoes the equation from the first element on.
  auto problem = test::job_of(test::replaced(one_patch_decay, "\"-k1*A - k2*A**2\"",
                                             "\"-k1*A - k2*A**2 + 0*t/(k1 - 0.3)\""))
                     .problem;
  const auto parameters = at::tensor({0.3, 40.0, 0.5, NAN, 0.2, 10.0}, at::kDouble).view({3, 2});
  const Layout layout(problem, parameters, 8, 3);
  const auto marched = march(layout.system, layout.theta, layout.grid, layout.matching);
  EXPECT_TRUE(marched.solved[0].item<bool>());
  EXPECT_FALSE(marched.solved[1].item<bool>());
  EXPECT_TRUE(marched.solved[2].item<bool>());
  const Layout alone(problem, parameters.narrow(0, 2, 1), 8, 3);
  const auto expected = march(alone.system, alone.theta, alone.grid, alone.matching).nodes[0][0];
  EXPECT_LT(distance(marched.nodes[0][0].narrow(0, 2, 1), expected), 1e-12);
}

// --- newton_correction ---------------------------------------------------------------------------

TEST(NewtonCorrection, VanishesOnTheSolutionAndMeasuresAnError) {
  const auto parameters = at::tensor({0.1, 100.0, 1.0}, at::kDouble).view({1, 3});
  const Layout layout(test::shipped_job("mixed_order_decay").problem, parameters, 40, 5);
  auto nodes = march(layout.system, layout.theta, layout.grid, layout.matching).nodes;
  const auto none = newton_correction(layout.system, layout.theta, layout.regions, layout.grid, nodes);
  EXPECT_LT(test::relative_distance(none[0][0] + nodes[0][0], nodes[0][0]), 1e-10);
  EXPECT_LT(test::largest(none[1][0]), 1e-10);
  // A small error put on top comes back, but for its square.
  const auto bump = 1e-5 * (2.0 * layout.elements.xi).sin().unsqueeze(0);
  nodes[1][0] = nodes[1][0] + bump;
  nodes[0][0] = nodes[0][0] * (1.0 + bump);
  const auto found = newton_correction(layout.system, layout.theta, layout.regions, layout.grid, nodes);
  EXPECT_LT(distance(found[1][0], -bump), 1e-9);
  EXPECT_LT(test::largest((found[0][0] + nodes[0][0] / (1.0 + bump) * bump) / nodes[0][0]), 1e-9);
}

// --- relax: conditions at both ends --------------------------------------------------------------

TEST(Relax, SolvesALinearTwoPointProblem) {
  const Layout layout(test::job_of(hyperbolic_ends).problem, column({0.5, 1, 4}), 40, 5);
  EXPECT_FALSE(layout.system.starts_with_all());
  const auto relaxed = relax(layout.system, layout.theta, layout.regions, layout.grid, layout.matching);
  EXPECT_TRUE(relaxed.solved.all().item<bool>());
  const auto x = at::linspace(0.0, 1.0, 33, at::kDouble).unsqueeze(0).expand({3, -1});
  const auto state = layout.state(relaxed.nodes, x);
  const auto& k = layout.theta[0];
  EXPECT_LT(distance(state[0], (k * x).sinh() / k.sinh()), 1e-10);
  EXPECT_LT(distance(state[1] / k, (k * x).cosh() / k.sinh()), 1e-9);
}

TEST(Relax, SolvesANonlinearTwoPointProblem) {
  // y'' = 6 y^2 with y(1) = 1, y(2) = 1/4 has y = 1/x^2; the frames know nothing of it.
  const Layout layout(test::job_of(nonlinear_ends).problem, column({1.0, 1.0}), 16, 5);
  const auto relaxed = relax(layout.system, layout.theta, layout.regions, layout.grid, layout.matching);
  EXPECT_TRUE(relaxed.solved.all().item<bool>());
  const auto x = at::linspace(1.0, 2.0, 33, at::kDouble).unsqueeze(0).expand({2, -1});
  const auto state = layout.state(relaxed.nodes, x);
  EXPECT_LT(distance(state[0], x.pow(-2)), 1e-9);
  EXPECT_LT(distance(state[1], -2.0 * x.pow(-3)), 1e-8);
}

TEST(Relax, SolvesTheBoundaryLayer) {
  const auto table = test::read_reference("boundary_layer", 1);
  const Layout layout(test::job_of(boundary_layer).problem, table.parameters, 60, 5);
  const auto relaxed = relax(layout.system, layout.theta, layout.regions, layout.grid, layout.matching);
  EXPECT_TRUE(relaxed.solved.all().item<bool>());
  const auto x = row(table.places).expand({6, -1});
  const auto scale = table.values.at("y").abs().clamp_min(1e-3);
  const auto error = ((layout.state(relaxed.nodes, x)[0] - table.values.at("y")) / scale).abs().amax(1);
  for (int i = 0; i < 6; ++i) {
    EXPECT_LT(error[i].item<double>(), 1e-8) << "epsilon = " << table.parameters[i][0].item<double>();
  }
}

}  // namespace
}  // namespace gluesweep::training
