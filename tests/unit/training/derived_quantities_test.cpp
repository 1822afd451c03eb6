#include <gtest/gtest.h>

#include <cmath>

#include "../../support/shipped_problems.hpp"
#include "gluesweep/training/trainer.hpp"

/// Derived quantities that shipped problems store, against closed forms and quadratures (tests/data/derived,
/// whose generate.py says how).
namespace gluesweep::training {
namespace {

using at::Tensor;

struct Derived {
  test::ReferenceTable table;
  job::Job job;
  BlockResult block;

  Tensor stored(const std::string& name) const {
    const auto& all = job.problem.derived;
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& derived) { return derived.name == name; });
    return block.derived[found - all.begin()];
  }
  /// |stored - expected| / |expected|, (B).
  Tensor error(const std::string& name) const {
    const auto expected = table.values.at(name).squeeze(1);
    return ((stored(name) - expected) / expected).abs();
  }
};

Derived derived(const std::string& name, std::size_t parameters) {
  Derived result{test::read_reference("../derived/" + name, parameters),
                 test::default_job(name, {"output.points=9"}),
                 {}};
  result.block = test::train(result.job, test::parameters_of(result.job.problem, result.table));
  return result;
}

TEST(FriedmannBackground, ErasMeetWhereTheirDensitiesAreEqual) {
  const auto result = derived("friedmann_background", 2);
  EXPECT_LT(test::largest(result.error("matter_radiation_crossover")), 3e-8);
  EXPECT_LT(test::largest(result.error("matter_vacuum_crossover")), 1e-6);
}

TEST(FriedmannBackground, LateAmplitudeIsThatOfTheInfiniteFuture) {
  EXPECT_LT(test::largest(derived("friedmann_background", 2).error("late_amplitude")), 2e-8);
}

TEST(MeszarosGrowth, AmplitudeIsThatOfTheHypergeometricFunction) {
  EXPECT_LT(test::largest(derived("meszaros_growth", 1).error("growth_amplitude")), 6e-9);
}

TEST(BoundaryLayer, ConstantsAreThoseOfTheFirstIntegral) {
  const auto result = derived("boundary_layer", 1);
  EXPECT_LT(test::largest(result.error("outer_amplitude")), 1e-11);
  // The layer's amplitude has a meaning only as far as layer and outer solution can be told apart: the inner
  // patch leaves out 15 epsilon^3 / (1 + x)^7, which exp(x/epsilon) amplifies up to the hand-over.
  const auto epsilon = result.table.parameters.squeeze(1);
  EXPECT_TRUE((result.error("layer_amplitude") < 100.0 * epsilon.pow(2.4)).all().item<bool>())
      << result.error("layer_amplitude");
}

}  // namespace
}  // namespace gluesweep::training
