#include "../../../src/training/sum.hpp"

#include <gtest/gtest.h>

#include "../../../src/training/method.hpp"
#include "../../../src/training/sum_start.hpp"
#include "../../support/jobs.hpp"
#include "gluesweep/training/trainer.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;
using test::column;
using test::columns_of;
using test::distance;
using test::largest;

/// u = a exp(-t) + b (2 + cos t) solves it exactly with a = u(0) - 3, b = 1; neither term does so alone.
constexpr const char* relaxation = R"yaml(name: relaxation
variable: {symbol: t, range: [0, 12], scale: linear}
parameters: {u0: {default: 5}}
unknowns: {u: {magnitude: "1"}}
equations: {u: "-u + 2 + cos(t) - sin(t)"}
conditions: [{at: start, u: "u0"}]
patches:
  - {name: transient, constants: {a: "1"}, solution: {u: "a*exp(-t)"}, until: "2"}
  - {name: driven, constants: {b: "1"}, solution: {u: "b*(2 + cos(t))"}}
)yaml";

/// Elements so fine that constant coefficients solve their equations as well as the original one.
job::Job relaxation_job() { return test::job_of(relaxation, "network: {features: 96, elements: 120}\n"); }

/// Everything that a batch borrows, with several starts.
struct Setting {
  job::Job job;
  problem::System system;
  problem::SumAnsatz ansatz;
  Points points;
  network::Elements elements, whole;
  network::Trunk trunk;
  PatchGrid grid;
  Tensors held;

  Setting(const job::Job& job_, const Tensor& parameters)
      : job(job_),
        system(job.problem),
        ansatz(job.problem),
        points(points_of(parameters)),
        elements(job.network.elements, job.network.nodes),
        whole(2 * job.network.elements, job.network.nodes),
        trunk(job.network, whole),
        grid(make_grid(system, {whole_map(points.maps)}, whole).patches.front()),
        held(held_constants(system, make_grid(system, points.maps, elements),
                            first_values(system, points, make_grid(system, points.maps, elements)).nodes,
                            grid)) {}

  Points points_of(const Tensor& parameters) const {
    Points result;
    result.theta = columns_of(parameters);
    result.regions = problem::make_regions(system, result.theta);
    result.matching = problem::match(system, result.theta, result.regions);
    result.maps = make_maps(system, result.theta, result.regions, result.matching);
    return result;
  }

  /// The coefficients at the nodes, (B, K, N), trained from a start.
  Tensor train(const Tensors& start) const {
    const auto units = natural_units(system, points, grid, held);
    const auto scale =
        balance(system, ansatz, points, grid, whole, units, held, split(system, points, grid, held));
    const auto fit = train_sum({system, ansatz, points, whole, trunk, grid, units, scale}, start,
                               {job.training.tolerance, job.training.max_iterations});
    EXPECT_TRUE(fit.finite.all().item<bool>());
    return scale.at(whole.xi) * at::matmul(fit.head, trunk.features(whole.xi).t());
  }
};

TEST(Sum, SplitAddsUpToTheSolution) {
  const Setting setting(relaxation_job(), column({5.0, 0.5}));
  const auto start = split(setting.system, setting.points, setting.grid, setting.held);
  const auto state = setting.ansatz.state(setting.grid.t, setting.points.theta, start).front();
  const auto x = setting.system.to_x(setting.grid.t);
  const auto before = setting.system.frame(0).state(setting.grid.t, setting.points.theta, {setting.held[0]});
  const auto after = setting.system.frame(1).state(setting.grid.t, setting.points.theta, {setting.held[1]});
  const auto expected = at::where(setting.points.regions.owned(0, x), before.front(), after.front());
  EXPECT_LT(distance(state, expected), 1e-12);
}

/// Where constants that are constant solve the equation, the smallest variation is none.
TEST(Sum, ExactSumHasConstantCoefficients) {
  const auto parameters = column({5.0, 0.5, 100.0});
  const Setting setting(relaxation_job(), parameters);
  const auto values = setting.train(split(setting.system, setting.points, setting.grid, setting.held));
  EXPECT_LT(largest((values.select(1, 0) - (parameters - 3.0)) / parameters), 1e-7);
  EXPECT_LT(largest(values.select(1, 1) - 1.0), 1e-7);
}

TEST(Sum, CoefficientsDoNotDependOnTheStart) {
  const Setting setting(relaxation_job(), column({5.0, 0.5}));
  const auto first = setting.train(split(setting.system, setting.points, setting.grid, setting.held));
  const auto second = setting.train(setting.held);
  Tensors nothing;
  for (const auto& values : setting.held) nothing.push_back(at::zeros_like(values));
  EXPECT_LT(distance(first, second), 1e-6);
  EXPECT_LT(distance(first, setting.train(nothing)), 1e-6);
}

/// The same where no constants solve it: growth across equality, whose patches are both approximate.
TEST(Sum, SmallestVariationIsUnique) {
  const Setting setting(test::shipped_job("meszaros_growth"), column({0.05, 0.25}));
  const auto first = setting.train(split(setting.system, setting.points, setting.grid, setting.held));
  const auto second = setting.train(setting.held);
  EXPECT_LT(largest(first - first.narrow(2, 0, 1)), 1.0);
  EXPECT_GT(largest(first.select(1, 0) - first.select(1, 0).narrow(1, 0, 1)), 1e-2);
  EXPECT_LT(distance(first, second), 1e-3);
}

struct Agreement {
  const char* problem;
  std::vector<std::vector<double>> parameters;
};

BlockResult trained(const std::string& problem, const Tensor& parameters, const std::string& ansatz) {
  const auto job = test::shipped_job(problem, {"training.ansatz=" + ansatz});
  return Trainer(job, at::kCPU).train(parameters);
}

class SumAgreesWithFrames : public testing::TestWithParam<Agreement> {};

TEST_P(SumAgreesWithFrames, OnShippedProblems) {
  const auto& [problem, rows] = GetParam();
  const auto count = static_cast<std::int64_t>(rows.front().size());
  Tensors points;
  for (const auto& values : rows) points.push_back(at::tensor(values, at::kDouble));
  const auto parameters = at::stack(points, 0).view({-1, count});
  const auto sum = trained(problem, parameters, "sum"), frames = trained(problem, parameters, "frames");
  const problem::System system(test::shipped_job(problem).problem);
  const auto t = at::tensor(test::shipped_job(problem).output_points(), at::kDouble).unsqueeze(0);
  Tensors unknowns;
  for (int u = 0; u < system.unknowns(); ++u) unknowns.push_back(sum.solution[system.component(u)]);
  const auto difference =
      relative_difference(system, columns_of(parameters), t.expand({parameters.size(0), -1}),
                          frames.solution.unbind(0), unknowns);
  EXPECT_LT(largest(difference), 1e-6);
  EXPECT_TRUE((sum.status == static_cast<std::int64_t>(Status::converged)).all().item<bool>());
  EXPECT_TRUE((difference <= sum.error_estimate + frames.error_estimate).all().item<bool>());
}

INSTANTIATE_TEST_SUITE_P(, SumAgreesWithFrames,
                         testing::Values(Agreement{"mixed_order_decay",
                                                   {{0.03, 50.0, 1.0}, {0.015, 500.0, 1.0}}},
                                         Agreement{"boundary_layer", {{0.01}, {0.001}}},
                                         Agreement{"meszaros_growth", {{0.0}, {0.2}}},
                                         Agreement{"misaligned_scalar", {{8.0}, {30.0}}}),
                         [](const auto& instance) { return std::string(instance.param.problem); });

/// What is stored is enough to evaluate the coefficients: one map for all patches.
TEST(Sum, StoredNetworkGivesTheCoefficients) {
  const auto job = test::job_of(relaxation, "training: {ansatz: sum}\noutput: {points: 33}\n");
  const Trainer trainer(job, at::kCPU);
  const auto result = trainer.train(column({5.0, 0.5}));
  ASSERT_EQ(result.map.size(2), trainer.map_parameters());
  ASSERT_EQ(result.head.size(1), trainer.head_features());
  ASSERT_EQ(result.head.size(2), trainer.head_columns());
  EXPECT_TRUE(at::equal(result.map.select(1, 0), result.map.select(1, 1)));
  auto network = job.network;
  network.features *= 2;
  network.elements *= 2;
  const network::Trunk trunk(network, network::Elements(network.elements, network.nodes));
  const auto t = at::tensor(job.output_points(), at::kDouble).unsqueeze(0).expand({2, -1});
  const auto xi = network::Map::unpacked(result.map.select(1, 0)).xi(t);
  const auto values =
      network::Scale{result.scale}.at(xi) * at::bmm(trunk.features(xi), result.head).transpose(1, 2);
  EXPECT_LT(distance(values.transpose(0, 1), result.coefficients), 1e-9);
}

}  // namespace
}  // namespace gluesweep::training
