#include "../../../src/training/defects.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "../../support/shipped_problems.hpp"
#include "example_problems.hpp"
#include "gluesweep/problem/kernels.hpp"
#include "layout.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;

/// Networks that are the polynomials through given node values.
CoefficientNetworks through(const Layout& layout, const std::vector<Nodal>& nodes) {
  return [&layout, nodes](int patch, const Tensor& xi) {
    Tensors values;
    for (const auto& node : nodes[static_cast<std::size_t>(patch)]) {
      const auto where = xi.dim() == 1 ? xi.expand({node.size(0), -1}) : xi;
      values.push_back(layout.elements.interpolate(node, where));
    }
    return values;
  };
}

Tensor defect_of(const Layout& layout, const std::vector<Nodal>& nodes) {
  return largest_defect(layout.system, layout.points(), layout.grid, through(layout, nodes));
}

Tensor decay_parameters() {
  return at::tensor({0.1, 100.0, 1.0, 0.5, 30.0, 1.0, 0.02, 900.0, 1.0}, at::kDouble).view({3, 3});
}

/// mixed_order_decay, A = 1/(c + k2 t), then exp(d - k1 t), and its solution on the nodes.
class Defects : public testing::Test {
 protected:
  Layout layout{test::shipped_job("mixed_order_decay").problem, decay_parameters(), 40, 5};
  std::vector<Nodal> nodes = layout.solve().nodes;
};

// --- of one patch --------------------------------------------------------------------------------

TEST_F(Defects, VanishOnTheSolutionOfTheCollocationEquations) {
  for (int p = 0; p < 2; ++p) {
    const auto s = static_cast<std::size_t>(p);
    const auto patch =
        patch_defects(layout.system, layout.theta, layout.elements, p, layout.grid.patches[s], nodes[s]);
    EXPECT_EQ(patch.defects[0].sizes(), (at::IntArrayRef{3, 40, 5}));
    EXPECT_LT(test::largest(patch.defects[0]), 1e-12) << p;
  }
}

TEST_F(Defects, AreRelativeChangesOfTheSolution) {
  // d and 1 + d multiply A by e: a step of 1e-6 between two elements is a defect of 1e-6 where nothing is
  // stiff.
  auto values = nodes[1];
  values[0] = values[0].clone();
  values[0].slice(1, 1 + 20 * 5).add_(1e-6);
  const auto patch =
      patch_defects(layout.system, layout.theta, layout.elements, 1, layout.grid.patches[1], values);
  const auto stiffness = 1.0 + layout.elements.width * patch.jacobian.abs().amax(4).select(1, 0).select(1, 0);
  const auto expected = 1e-6 / stiffness.select(1, 20).unsqueeze(1);
  EXPECT_LT(test::relative_distance(patch.defects[0].select(1, 20), expected.expand({3, 5})), 5e-2);
  EXPECT_LT(test::largest(patch.defects[0].narrow(1, 0, 20)), 1e-12);
  EXPECT_LT(test::largest(patch.defects[0].narrow(1, 21, 19)), 2e-7);  // the equation's own response
}

TEST_F(Defects, HaveTheJacobianOfTheDrift) {
  const double step = 1e-6;
  const auto& grid = layout.grid.patches[1];
  const auto at_shift = [&](double shift) {
    return patch_defects(layout.system, layout.theta, layout.elements, 1, grid, {nodes[1][0] + shift});
  };
  // Of a constant shift, a defect is -h A dG/dC dt/dxi times it; weights change by far less.
  const auto middle = at_shift(0.0);
  const auto slope = (at_shift(step).defects[0] - at_shift(-step).defects[0]) / (2.0 * step);
  const auto response = middle.jacobian.select(1, 0).select(1, 0);
  const auto expected = -at::matmul(response, layout.elements.integration.t()) * layout.elements.width *
                        middle.weight.select(1, 0).unsqueeze(2);
  EXPECT_LT(test::distance(slope, expected), 1e-6 * test::largest(expected));
}

TEST_F(Defects, WeighWhatAnErrorCostsAnywhereBehind) {
  const auto weight = at::tensor({1.0, 5.0, 2.0, 3.0, 1.0, NAN, 0.5}, at::kDouble).view({1, 1, 7});
  const network::Elements elements(3, 2);
  // Node 0 belongs to no element.
  EXPECT_TRUE(at::equal(carried_weight(layout.system, elements, weight),
                        at::tensor({5.0, 3.0, 0.0}, at::kDouble).view({1, 1, 3})));
  const Layout both_ends(test::job_of(hyperbolic_ends).problem, test::column({1}), 3, 2);
  EXPECT_TRUE(
      at::equal(carried_weight(both_ends.system, elements, weight), at::full({1, 1, 3}, 5.0, at::kDouble)));
  const auto late = at::tensor({1.0, 1.0, 2.0, 1.0, 1.0, 7.0, 4.0}, at::kDouble).view({1, 1, 7});
  EXPECT_TRUE(
      at::equal(carried_weight(layout.system, elements, late), at::full({1, 1, 3}, 7.0, at::kDouble)));
}

// In an overlap the two patches' polynomials agree as well as 40 elements solve the equation.
constexpr double discretised = 1e-7;

// --- the largest one -----------------------------------------------------------------------------

TEST_F(Defects, LargestVanishesOnTheSolution) {
  EXPECT_LT(test::largest(defect_of(layout, nodes)), discretised);
}

TEST_F(Defects, LargestSeesAnElement) {
  nodes[1][0] = nodes[1][0].clone();
  nodes[1][0][1].slice(0, 1 + 30 * 5).add_(1e-3);
  const auto defect = defect_of(layout, nodes);
  EXPECT_LT(defect[0].item<double>(), discretised);
  EXPECT_GT(defect[1].item<double>(), 3e-4);
  EXPECT_LT(defect[1].item<double>(), 1.1e-3);
  EXPECT_LT(defect[2].item<double>(), discretised);
}

TEST_F(Defects, LargestSeesAGap) {
  // Of reversible, whose late frame (p, q constant) goes on as well from any other state: only the glue
  // objects.
  const Layout reactions(test::job_of(reversible).problem, at::tensor({1.0, 0.5}, at::kDouble).view({1, 2}),
                         40, 5);
  auto solution = reactions.solve().nodes;
  EXPECT_LT(defect_of(reactions, solution)[0].item<double>(), 1e-7);
  // A -> B from a state displaced by the slow mode (b, f): dA = b e, dB = f e solves the linear equations.
  solution[1][0] = solution[1][0] + 0.5e-3;
  solution[1][1] = solution[1][1] + 1.0e-3;
  const auto found = defect_of(reactions, solution)[0].item<double>();
  EXPECT_GT(found, 2e-4);
  EXPECT_LT(found, 2e-3);
}

TEST_F(Defects, LargestSeesAMissedCondition) {
  // Twice the solution of a linear equation solves it, but not its conditions.
  const Layout linear(test::job_of(hyperbolic_ends).problem, test::column({1, 2}), 40, 5);
  auto solution = linear.solve().nodes;
  EXPECT_LT(test::largest(defect_of(linear, solution)), 1e-8);
  for (auto& patch : solution) {
    for (auto& values : patch) values = values * at::tensor({1.0, 1.0 + 1e-3}, at::kDouble).unsqueeze(1);
  }
  const auto defect = defect_of(linear, solution);
  EXPECT_LT(defect[0].item<double>(), 1e-8);
  EXPECT_GT(defect[1].item<double>(), 1e-4);
  EXPECT_LT(defect[1].item<double>(), 1.1e-3);
}

TEST_F(Defects, KeepAnUndefinedPointToItself) {
  nodes[0][0] = nodes[0][0].clone();
  nodes[0][0][1][17] = NAN;
  const auto defect = defect_of(layout, nodes);
  EXPECT_TRUE(defect[1].isnan().item<bool>());
  EXPECT_LT(defect[0].item<double>(), discretised);
  EXPECT_LT(defect[2].item<double>(), discretised);
}

TEST_F(Defects, GiveEveryPointTheSameBitsInAnyBatch) {
  const auto parameters = decay_parameters();
  nodes[0][0] = nodes[0][0] * 1.001;
  const auto whole = defect_of(layout, nodes);
  for (std::int64_t i = 0; i < 3; ++i) {
    const Layout alone(test::shipped_job("mixed_order_decay").problem, parameters.narrow(0, i, 1), 40, 5);
    std::vector<Nodal> own;
    for (const auto& patch : nodes) own.push_back({patch[0].narrow(0, i, 1)});
    EXPECT_TRUE(at::equal(defect_of(alone, own), whole.narrow(0, i, 1))) << i;
  }
}

// --- both ways -----------------------------------------------------------------------------------

class DefectKernels : public testing::TestWithParam<test::Shipped> {};

TEST_P(DefectKernels, AgreeWithTensorOperations) {
  const auto table = test::read_reference(GetParam().name, GetParam().parameters);
  const auto job = test::job_at(GetParam().name, table);
  const Layout layout(job.problem, test::parameters_of(job.problem, table), 30, 5);
  auto nodes = layout.solve().nodes;
  for (auto& patch : nodes) {
    for (auto& values : patch) values = values * (1.0 + 1e-5 * (7.0 * layout.elements.xi).sin());
  }
  const auto found = defect_of(layout, nodes);
  EXPECT_GT(found.min().item<double>(), 1e-8);
  const problem::WithoutKernels without;
  EXPECT_LT(test::relative_distance(found, defect_of(layout, nodes)), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(All, DefectKernels, testing::ValuesIn(test::shipped()),
                         [](const auto& variant) { return variant.param.name; });

}  // namespace
}  // namespace gluesweep::training
