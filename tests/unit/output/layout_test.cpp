#include "gluesweep/output/layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gluesweep/job/error.hpp"
#include "synthetic.hpp"

namespace gluesweep::output {
namespace {

using testing::HasSubstr;

std::vector<std::string> names(const Layout& layout, Group group) {
  std::vector<std::string> result;
  for (const Variable& variable : layout.variables) {
    if (variable.group == group) result.push_back(variable.name);
  }
  return result;
}

const Variable& find(const Layout& layout, const std::string& name) {
  for (const Variable& variable : layout.variables) {
    if (variable.name == name) return variable;
  }
  throw std::out_of_range(name);
}

TEST(Layout, HoldsEverythingOfAJob) {
  const Layout layout =
      make_layout(synthetic::make_job(100, 16), sweep::Share::all(100), synthetic::make_network());
  EXPECT_THAT(
      names(layout, Group::root),
      testing::ElementsAre("sample", "t", "m", "g", "phi", "phi_t", "n", "frozen_c1", "frozen_c2",
                           "frozen_c3", "oscillating_c1", "oscillating_c2", "oscillating_c3",
                           "frozen_c1_limit", "frozen_c2_limit", "frozen_c3_limit", "oscillating_c1_limit",
                           "oscillating_c2_limit", "oscillating_c3_limit", "crossover_frozen_oscillating",
                           "amplitude", "phi_matching", "n_matching", "status", "defect", "error_estimate",
                           "reference_error", "matching_error", "iterations", "seconds", "rescue", "seed"));
  EXPECT_THAT(names(layout, Group::network),
              testing::ElementsAre("head", "map", "scale", "trunk_slope", "trunk_weight_1", "trunk_mixing",
                                   "rescue_trunk_slope", "rescue_trunk_weight_1", "rescue_trunk_mixing"));
}

TEST(Layout, GivesShapesAndUnits) {
  const Layout layout =
      make_layout(synthetic::make_job(100, 16), sweep::Share::all(100), synthetic::make_network());
  const Variable& derivative = find(layout, "phi_t");
  EXPECT_EQ(derivative.dimensions, (std::vector<std::string>{"sample", "t"}));
  EXPECT_EQ(derivative.shape, (std::vector<std::int64_t>{100, 17}));
  EXPECT_EQ(derivative.unit, "GeV/s");
  EXPECT_EQ(derivative.long_name, "field value, first derivative by t");
  EXPECT_EQ(find(layout, "head").shape, (std::vector<std::int64_t>{100, 5, 6}));
  EXPECT_EQ(find(layout, "map").shape, (std::vector<std::int64_t>{100, 2, 3}));
  EXPECT_EQ(find(layout, "scale").shape, (std::vector<std::int64_t>{100, 6, 4}));
  EXPECT_EQ(find(layout, "m").unit, "1/s");
  EXPECT_EQ(find(layout, "crossover_frozen_oscillating").unit, "s");
  EXPECT_EQ(find(layout, "trunk_mixing").dimensions, (std::vector<std::string>{"neuron_or_one", "feature"}));
  EXPECT_EQ(find(layout, "rescue_trunk_weight_1").dimensions,
            (std::vector<std::string>{"neuron_12", "neuron_in_12"}));
}

TEST(Layout, NetworksWithoutPatchesHaveNoConstants) {
  auto job = synthetic::make_job(100, 16);
  job.training.method = job::Training::Method::plain;
  auto network = synthetic::make_network();
  network.trunk.clear();
  const Layout layout = make_layout(job, sweep::Share::all(100), network);
  EXPECT_THAT(names(layout, Group::network), testing::ElementsAre("head"));
  EXPECT_EQ(find(layout, "head").dimensions, (std::vector<std::string>{"sample", "feature", "component"}));
  EXPECT_EQ(find(layout, "head").shape, (std::vector<std::int64_t>{100, 5, 3}));
}

TEST(Layout, ObeysOutputStore) {
  auto job = synthetic::make_job(100, 16);
  job.output.solution = job.output.coefficients = job.output.heads = job.output.matching = false;
  const Layout layout = make_layout(job, sweep::Share::all(100), synthetic::make_network());
  for (const Variable& variable : layout.variables) {
    EXPECT_THAT(variable.name,
                testing::Not(testing::AnyOf("phi", "frozen_c1", "head", "map", "phi_matching")));
  }
  EXPECT_NO_THROW(find(layout, "frozen_c1_limit"));
}

TEST(Layout, SensitivitiesAreOfEveryQuantityByEveryVariedParameter) {
  auto job = synthetic::make_job(100, 16);
  EXPECT_THAT(names(make_layout(job, sweep::Share::all(100), synthetic::make_network()), Group::root),
              testing::Not(testing::Contains(HasSubstr("_by_"))));
  job.output.sensitivities = true;
  const Layout layout = make_layout(job, sweep::Share::all(100), synthetic::make_network());
  const Variable& curve = find(layout, "phi_by_m");
  EXPECT_EQ(curve.dimensions, (std::vector<std::string>{"sample", "t"}));
  EXPECT_EQ(curve.unit, "GeV/(1/s)");
  EXPECT_EQ(curve.long_name, "derivative by m at fixed t of: field value");
  EXPECT_EQ(find(layout, "n_by_g").index, 3);
  EXPECT_EQ(find(layout, "n_by_g").unit, "1");
  const Variable& number = find(layout, "amplitude_by_m");
  EXPECT_EQ(number.dimensions, (std::vector<std::string>{"sample"}));
  EXPECT_EQ(number.unit, "GeV/(1/s)");
  EXPECT_NO_THROW(find(layout, "oscillating_c3_limit_by_g"));
  EXPECT_EQ(find(layout, "crossover_frozen_oscillating_by_m").unit, "s/(1/s)");
  EXPECT_THAT(names(layout, Group::root), testing::Not(testing::Contains("phi_by_k")));  // not varied
}

TEST(Layout, AJobWithoutNetworkHasNone) {
  EXPECT_TRUE(
      names(make_layout(synthetic::make_job(100, 16), sweep::Share::all(100), {}), Group::network).empty());
}

TEST(Layout, RefusesTwoVariablesOfOneName) {
  auto job = synthetic::make_job(100, 16);
  job.problem.derived[0].name = "status";
  try {
    make_layout(job, sweep::Share::all(100), synthetic::make_network());
    FAIL();
  } catch (const job::InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("problem 'oscillator' would have two variables named 'status'"));
    EXPECT_THAT(error.what(), HasSubstr("rename the parameter"));
  }
}

TEST(Layout, RefusesAnEmptySweep) {
  EXPECT_THROW(make_layout(synthetic::make_job(0, 16), sweep::Share::all(0), synthetic::make_network()),
               job::InputError);
}

TEST(RowsOf, TakesTheSliceAndChecksItsShape) {
  const auto job = synthetic::make_job(100, 16);
  const Layout layout = make_layout(job, sweep::Share::all(100), synthetic::make_network());
  const sweep::ParameterSpace space(job);
  const at::Tensor parameters = space.block(0, 8);
  auto result = synthetic::train(parameters);
  const at::Tensor swept = space.swept(parameters);
  EXPECT_TRUE(at::equal(rows_of(find(layout, "phi_t"), job, swept, result), result.solution[1]));
  EXPECT_TRUE(at::equal(rows_of(find(layout, "g"), job, swept, result), parameters.select(1, 1)));
  EXPECT_EQ(rows_of(find(layout, "iterations"), job, swept, result).scalar_type(), at::kInt);
  EXPECT_TRUE(rows_of(find(layout, "seed"), job, swept, result).eq(7).all().item<bool>());
  result.solution = result.solution.narrow(2, 0, 5);
  EXPECT_THROW(rows_of(find(layout, "phi_t"), job, swept, result), std::logic_error);
}

}  // namespace
}  // namespace gluesweep::output
