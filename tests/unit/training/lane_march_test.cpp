#include "../../../src/training/lane_march.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "../../../src/training/element_kernels.hpp"
#include "../../../src/training/lane_elements.hpp"
#include "../../support/shipped_problems.hpp"
#include "gluesweep/problem/kernels.hpp"
#include "layout.hpp"

/// The kernels of march and correction against linear algebra, and against the way of other devices.
namespace gluesweep::training {
namespace {

using at::Tensor;
using problem::lanes;
using problem::WithoutKernels;

// --- the kernels of an element -------------------------------------------------------------------

/// (lanes, m) as (m, lanes) for a kernel, and back.
std::vector<double> on_lanes(const Tensor& values) { return to_lanes(values.flatten(1), 0, lanes); }

Tensor tensor_of(const std::vector<double>& values, at::IntArrayRef shape) {
  const auto places = static_cast<std::int64_t>(values.size()) / lanes;
  Tensor result = at::empty({lanes, places}, at::kDouble);
  from_lanes(values.data(), places, 0, lanes, result);
  return result.reshape(shape);
}

Tensor solved(const Tensor& matrix, const Tensor& right) {
  auto a = on_lanes(matrix), b = on_lanes(right);
  element_kernels().solve(a.data(), b.data(), static_cast<int>(matrix.size(1)),
                          static_cast<int>(right.size(2)));
  return tensor_of(b, right.sizes());
}

TEST(ElementKernels, SolveSystemsOfAnySize) {
  at::manual_seed(4);
  for (int size = 1; size <= 20; ++size) {
    for (const int columns : {1, 2, 4}) {
      const auto matrix = at::randn({lanes, size, size}, at::kDouble);
      const auto right = at::randn({lanes, size, columns}, at::kDouble);
      const auto x = solved(matrix, right);
      const auto miss = (at::bmm(matrix, x) - right).abs().amax({1, 2});
      // What elimination with row exchanges guarantees, with growth to spare.
      const auto allowed = 1e-13 * (matrix.abs().amax({1, 2}) * x.abs().amax({1, 2}) + 1.0);
      EXPECT_TRUE((miss <= allowed).all().item<bool>()) << size << ", " << columns << ": " << miss.max();
    }
  }
}

TEST(ElementKernels, ExchangeRows) {
  // A permutation of its own for every point, with tiny numbers where elimination without exchanges would
  // divide by them.
  at::manual_seed(5);
  constexpr int size = 9;
  Tensor matrix = 1e-17 * at::randn({lanes, size, size}, at::kDouble);
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    matrix[lane] += at::eye(size, at::kDouble).index_select(0, at::randperm(size)) *
                    (1.0 + at::rand({size, 1}, at::kDouble));
  }
  const auto x = at::randn({lanes, size, 2}, at::kDouble);
  EXPECT_LT(test::distance(solved(matrix, at::bmm(matrix, x)), x), 1e-14);
  // Zeros on the diagonal.
  const auto anti = at::eye(size, at::kDouble).flip(0).expand({lanes, -1, -1}).contiguous();
  EXPECT_TRUE(at::equal(solved(anti, x), x.flip(1)));
}

TEST(ElementKernels, TakeTheLargestPivot) {
  // With 1e-20 as pivot of the first column the answer would be (0, 1).
  const auto matrix = at::tensor({1e-20, 1.0, 1.0, 1.0}, at::kDouble).view({1, 2, 2}).expand({lanes, -1, -1});
  const auto right = at::tensor({1.0, 2.0}, at::kDouble).view({1, 2, 1}).expand({lanes, -1, -1});
  EXPECT_LT(test::distance(solved(matrix, right), at::ones({lanes, 2, 1}, at::kDouble)), 1e-15);
}

TEST(ElementKernels, KeepUndefinedAndSingularSystemsToThemselves) {
  at::manual_seed(6);
  const auto matrix = at::randn({lanes, 7, 7}, at::kDouble), right = at::randn({lanes, 7, 2}, at::kDouble);
  const auto sound = solved(matrix, right);
  auto broken = matrix.clone(), broken_right = right.clone();
  broken[2].fill_(NAN);
  broken[5][3][3] = NAN;
  broken[9].zero_();
  broken[14][6] = INFINITY;
  broken_right[30] = NAN;
  const auto found = solved(broken, broken_right);
  for (const std::int64_t lane : {2, 5, 9, 30}) {
    EXPECT_FALSE(found[lane].isfinite().all().item<bool>()) << lane;
  }
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    if (lane != 2 && lane != 5 && lane != 9 && lane != 14 && lane != 30) {
      EXPECT_TRUE(at::equal(found[lane], sound[lane])) << lane;
    }
  }
}

TEST(ElementKernels, GiveEveryLaneTheSameBits) {
  at::manual_seed(7);
  const auto matrix = at::randn({lanes, 6, 6}, at::kDouble), right = at::randn({lanes, 6, 1}, at::kDouble);
  const auto order = at::randperm(lanes);
  EXPECT_TRUE(at::equal(solved(matrix.index_select(0, order), right.index_select(0, order)),
                        solved(matrix, right).index_select(0, order)));
}

TEST(ElementKernels, AssembleTheCollocationEquations) {
  at::manual_seed(8);
  for (const int n : {1, 2, 3}) {
    for (const int s : {2, 5}) {
      const network::Elements elements(4, s);
      const auto weights = (elements.integration * elements.width).contiguous();
      const auto rates = at::randn({lanes, s, n}, at::kDouble);
      const auto jacobian = at::randn({lanes, s, n, n}, at::kDouble);
      const auto speed = at::rand({lanes, s}, at::kDouble) + 0.5;
      const auto left = at::randn({lanes, n}, at::kDouble), values = at::randn({lanes, n, s}, at::kDouble);
      std::vector<double> matrix(static_cast<std::size_t>(n * s * n * s * lanes)),
          missing(static_cast<std::size_t>(n * s * lanes));
      const ElementShape shape{n, s, weights.data_ptr<double>()};
      element_kernels().assemble(shape, on_lanes(rates).data(), on_lanes(jacobian).data(),
                                 on_lanes(speed).data(), on_lanes(left).data(), on_lanes(values).data(),
                                 matrix.data(), missing.data());
      // 1 - h A (dG/dC dt/dxi) and left + h A G dt/dxi - values.
      const auto rate = (rates * speed.unsqueeze(2)).transpose(1, 2);  // (lanes, n, s)
      const auto expected = left.unsqueeze(2) + at::matmul(rate, weights.t()) - values;
      EXPECT_LT(test::distance(tensor_of(missing, {lanes, n, s}), expected), 1e-14);
      const auto response =
          (jacobian * speed.view({lanes, s, 1, 1})).permute({0, 2, 3, 1});  // (lanes, k, l, j)
      auto all = -weights.view({1, 1, s, 1, s}) * response.unsqueeze(2);    // (lanes, k, i, l, j)
      all = all.reshape({lanes, n * s, n * s}) + at::eye(n * s, at::kDouble);
      EXPECT_LT(test::distance(tensor_of(matrix, {lanes, n * s, n * s}), all), 1e-14);
    }
  }
}

TEST(ElementKernels, AdvanceWhatIsActiveAndFinite) {
  constexpr int n = 2, s = 3;
  at::manual_seed(10);
  auto change = at::randn({lanes, n, s}, at::kDouble);
  change[3][1][2] = NAN;
  change[4][0][0] = INFINITY;
  const auto values = at::randn({lanes, n, s}, at::kDouble), units = at::rand({lanes, n}, at::kDouble) + 0.1;
  auto active = at::ones({lanes, 1}, at::kDouble);
  active[6] = 0.0;
  auto moved = on_lanes(values);
  std::vector<double> size(lanes);
  element_kernels().advance({n, s, nullptr}, on_lanes(change).data(), on_lanes(units).data(),
                            on_lanes(active).data(), moved.data(), size.data());
  const auto moves = change.isfinite() & (active.unsqueeze(2) != 0.0);
  EXPECT_TRUE(at::equal(tensor_of(moved, {lanes, n, s}), at::where(moves, values + change, values)));
  const auto expected = (change.abs() / (units.unsqueeze(2) + values.abs())).amax({1, 2});
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    const double own = size[static_cast<std::size_t>(lane)], other = expected[lane].item<double>();
    if (lane == 3)
      EXPECT_TRUE(std::isnan(own));
    else if (lane == 4)
      EXPECT_TRUE(std::isinf(own));
    else
      EXPECT_NEAR(own, other, 1e-15 * other);
  }
}

// --- march and correction, both ways -------------------------------------------------------------

class ShippedLanes : public testing::TestWithParam<test::Shipped> {
 protected:
  test::ReferenceTable table = test::read_reference(GetParam().name, GetParam().parameters);
  job::Job job = test::job_at(GetParam().name, table, {"network={features: 112, trunk: {train: none}}"});
  Tensor parameters = test::parameters_of(job.problem, table);
};

/// What counts as a change of each constant on a patch: its own size and what changes the solution by its own
/// size, (B, 1).
Tensors constant_scales(const Layout& layout, int patch, const Nodal& values) {
  const auto& grid = layout.grid.patches[static_cast<std::size_t>(patch)];
  Tensors scales;
  const auto response = layout.system.frame(patch).response(grid.t, layout.theta, values);
  for (std::size_t k = 0; k < values.size(); ++k) {
    const auto weight = response.weight[k].nan_to_num(0.0, 0.0, 0.0).amax(1, true);
    scales.push_back(values[k].abs().amax(1, true) +
                     at::where(weight > 0.0, weight.reciprocal(), at::ones_like(weight)));
  }
  return scales;
}

void expect_close(const Layout& layout, const std::vector<Nodal>& nodes, const std::vector<Nodal>& found,
                  const std::vector<Nodal>& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t p = 0; p < found.size(); ++p) {
    const auto scales = constant_scales(layout, static_cast<int>(p), nodes[p]);
    ASSERT_EQ(found[p].size(), expected[p].size());
    for (std::size_t k = 0; k < found[p].size(); ++k) {
      ASSERT_EQ(found[p][k].sizes(), expected[p][k].sizes());
      EXPECT_LT(test::largest((found[p][k] - expected[p][k]) / scales[k]), tolerance)
          << "patch " << p << ", constant " << k;
    }
  }
}

TEST_P(ShippedLanes, MarchAsOtherDevicesDo) {
  const Layout layout(job.problem, parameters, 60, 5);
  const auto found = layout.solve();
  const auto expected = [&layout] {
    const WithoutKernels without;
    return layout.solve();
  }();
  EXPECT_TRUE(at::equal(found.solved, expected.solved));
  EXPECT_TRUE(found.solved.all().item<bool>());
  EXPECT_LE((found.steps - expected.steps).abs().max().item<int>(), 1) << found.steps << expected.steps;
  expect_close(layout, expected.nodes, found.nodes, expected.nodes, 1e-10);
}

TEST_P(ShippedLanes, CorrectAsOtherDevicesDo) {
  const Layout layout(job.problem, parameters, 60, 5);
  auto nodes = layout.solve().nodes;
  for (std::size_t p = 0; p < nodes.size(); ++p) {
    const auto scales = constant_scales(layout, static_cast<int>(p), nodes[p]);
    for (std::size_t k = 0; k < nodes[p].size(); ++k) {
      nodes[p][k] =
          nodes[p][k] + 1e-6 * scales[k] * (3.0 * layout.elements.xi + static_cast<double>(k)).sin();
    }
  }
  const auto correction = [&] {
    return newton_correction(layout.system, layout.theta, layout.regions, layout.grid, nodes);
  };
  const auto found = correction();
  const WithoutKernels without;
  expect_close(layout, nodes, found, correction(), 1e-10);
}

INSTANTIATE_TEST_SUITE_P(All, ShippedLanes, testing::ValuesIn(test::shipped()),
                         [](const auto& variant) { return variant.param.name; });

// --- a point's values do not depend on the others ------------------------------------------------

job::Problem decay() { return test::shipped_job("mixed_order_decay").problem; }

/// 70 points of mixed_order_decay.
Tensor decay_parameters() {
  at::manual_seed(12);
  return at::cat({at::exp(-4.6 * at::rand({70, 1}, at::kDouble)),
                  at::exp(2.3 + 4.6 * at::rand({70, 1}, at::kDouble)), at::ones({70, 1}, at::kDouble)},
                 1);
}

void expect_same_rows(const March& part, const March& whole, const Tensor& rows) {
  EXPECT_TRUE(at::equal(part.solved, whole.solved.index_select(0, rows)));
  EXPECT_TRUE(at::equal(part.steps, whole.steps.index_select(0, rows)));
  for (std::size_t p = 0; p < whole.nodes.size(); ++p) {
    for (std::size_t k = 0; k < whole.nodes[p].size(); ++k) {
      EXPECT_TRUE(at::equal(part.nodes[p][k], whole.nodes[p][k].index_select(0, rows)))
          << "patch " << p << ", constant " << k;
    }
  }
}

TEST(LaneMarch, GivesEveryPointTheSameBitsInAnyBatch) {
  for (const std::string name : {"mixed_order_decay", "robertson", "misaligned_scalar"}) {
    SCOPED_TRACE(name);
    const auto problem = test::shipped_job(name).problem;
    Tensor parameters = decay_parameters();
    if (name != "mixed_order_decay") {
      const auto swept = test::shipped().at(name == "robertson" ? 2 : 5).parameters;
      const auto table = test::read_reference(name, swept);
      const auto own = test::parameters_of(problem, table);
      parameters = own.repeat({12, 1}).narrow(0, 0, 70) * (1.0 + 0.01 * at::rand({70, 1}, at::kDouble));
    }
    const Layout layout(problem, parameters, 12, 4);
    const auto whole = layout.solve();
    for (const std::int64_t count : {1, 31, 32, 33, 70}) {
      const auto rows = at::randperm(70).slice(0, 0, count);
      const Layout part(problem, parameters.index_select(0, rows), 12, 4);
      expect_same_rows(part.solve(), whole, rows);
    }
  }
}

TEST(LaneMarch, CorrectsEveryPointWithTheSameBitsInAnyBatch) {
  const auto parameters = decay_parameters();
  const Layout layout(decay(), parameters, 12, 4);
  const auto correction = [](const Layout& some) {
    const auto nodes = some.solve().nodes;
    return newton_correction(some.system, some.theta, some.regions, some.grid, nodes);
  };
  const auto whole = correction(layout);
  for (const std::int64_t count : {1, 31, 32, 33, 70}) {
    const auto rows = at::randperm(70).slice(0, 0, count);
    const Layout part(decay(), parameters.index_select(0, rows), 12, 4);
    const auto own = correction(part);
    for (std::size_t p = 0; p < own.size(); ++p) {
      EXPECT_TRUE(at::equal(own[p][0], whole[p][0].index_select(0, rows))) << count << ", patch " << p;
    }
  }
}

TEST(LaneMarch, KeepsUndefinedPointsToThemselves) {
  const auto parameters = decay_parameters();
  auto broken = parameters.clone();
  const auto others = at::cat({at::arange(3), at::arange(4, 35), at::arange(36, 69)}, 0);
  broken[3][1] = NAN;
  broken[35][0] = NAN;
  broken[69].fill_(NAN);
  const Layout sound(decay(), parameters, 12, 4), layout(decay(), broken, 12, 4);
  const auto expected = sound.solve(), found = layout.solve();
  EXPECT_EQ((~found.solved).nonzero().numel(), 3);
  const auto rows_of = [&others](March march) {
    for (auto* values : {&march.solved, &march.steps}) *values = values->index_select(0, others);
    for (auto& patch : march.nodes) {
      for (auto& values : patch) values = values.index_select(0, others);
    }
    return march;
  };
  expect_same_rows(rows_of(found), expected, others);
}

/// So crooked that a few elements cannot follow it, the more the larger k: polynomials lead nowhere beyond
/// their element, and Newton's method may go on for ever.
constexpr const char* crooked = R"yaml(name: crooked
variable: {symbol: t, range: [0, 6], scale: linear}
parameters: {k: {default: 1}}
unknowns: {y: {magnitude: "1"}}
equations: {y: "k*cos(3*y + 5*t) + k*sin(7*y)"}
conditions: [{at: start, y: "0.3"}]
patches: [{name: still, constants: {c: "0.3"}, solution: {y: "c + 0*t"}}]
)yaml";

TEST(LaneMarch, TakesAndTakesBackTheStepsOfOtherDevices) {
  const Layout layout(test::job_of(crooked).problem,
                      at::logspace(-1.0, 0.5, 40, 10.0, at::kDouble).unsqueeze(1), 8, 3);
  const auto found = layout.solve();
  const WithoutKernels without;
  const auto expected = layout.solve();
  EXPECT_TRUE(at::equal(found.solved, expected.solved)) << found.solved << expected.solved;
  EXPECT_TRUE(at::equal(found.steps, expected.steps)) << found.steps << expected.steps;
  // A point is given up, and said to be, exactly where the steps ran out.
  EXPECT_TRUE(at::equal(found.solved, found.steps < newton_steps));
  EXPECT_GE(found.solved.sum().item<int>(), 20);
  EXPECT_LT(found.solved.sum().item<int>(), 40);
  const auto rows = found.solved.nonzero().squeeze(1);
  const auto a = found.nodes[0][0].index_select(0, rows), b = expected.nodes[0][0].index_select(0, rows);
  EXPECT_LT(test::distance(a, b), 1e-9);
}

TEST(LaneMarch, LeavesSolvedPointsAloneOnOtherDevicesToo) {
  const WithoutKernels without;
  // A point of few steps beside one of many, and alone.
  const auto parameters = at::tensor({0.5, 1e-2, 1.0, 0.1, 1e4, 1.0}, at::kDouble).view({2, 3});
  const Layout layout(decay(), parameters, 3, 3), alone(decay(), parameters.narrow(0, 0, 1), 3, 3);
  const auto both = layout.solve();
  EXPECT_LT(both.steps[0].item<int>(), both.steps[1].item<int>());
  expect_same_rows(alone.solve(), both, at::zeros({1}, at::kLong));
}

// --- the whole training --------------------------------------------------------------------------

class TrainerKernels : public ShippedLanes {};

TEST_P(TrainerKernels, GiveTheResultsOfOtherDevices) {
  const auto points = parameters.narrow(0, 0, 3);
  const Trainer trainer(job, at::kCPU);
  const auto found = trainer.train(points);
  const auto expected = [&] {
    const WithoutKernels without;
    return trainer.train(points);
  }();
  EXPECT_TRUE(at::equal(found.status, expected.status));
  EXPECT_TRUE(at::equal(found.rescue, expected.rescue));
  problem::Tensors other;
  std::vector<Tensor> own;
  const problem::System system(job.problem);
  for (int u = 0; u < system.unknowns(); ++u) {
    own.push_back(found.solution[system.component(u)]);
    other.push_back(expected.solution[system.component(u)]);
  }
  auto three = table;
  for (auto& [name, values] : three.values) values = values.narrow(0, 0, 3);
  const auto difference = test::error_of(job, three, points, at::stack(own, 0), other);
  EXPECT_LT(difference.max().item<double>(), 1e-10);
  // Estimates are themselves differences of some 1e-10 of the solution.
  EXPECT_LT(test::relative_distance(found.error_estimate, expected.error_estimate), 1e-2);
  EXPECT_LT(test::relative_distance(found.defect, expected.defect), 1e-2);
  EXPECT_LT(test::relative_distance(found.crossovers, expected.crossovers), 1e-3);
  EXPECT_LT(test::distance(found.map, expected.map), 1e-12 * test::largest(expected.map));
}

INSTANTIATE_TEST_SUITE_P(All, TrainerKernels, testing::ValuesIn(test::shipped()),
                         [](const auto& variant) { return variant.param.name; });

}  // namespace
}  // namespace gluesweep::training
