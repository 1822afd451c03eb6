#include "gluesweep/training/trainer.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "../../support/jobs.hpp"
#include "../../support/reference_table.hpp"
#include "example_problems.hpp"
#include "gluesweep/network/map.hpp"
#include "gluesweep/network/scale.hpp"

namespace gluesweep::training {
namespace {

using at::Tensor;
using test::distance;

Tensor matrix(const std::vector<double>& values, std::int64_t columns) {
  return at::tensor(values, at::kDouble).view({-1, columns});
}

int status(const BlockResult& block, std::int64_t point) { return block.status[point].item<int>(); }
constexpr int converged = static_cast<int>(Status::converged);

/// Every tensor of a result whose numbers are decided by the parameters.
std::map<std::string, Tensor> numbers_of(const BlockResult& block) {
  return {{"solution", block.solution},
          {"matching", block.matching},
          {"coefficients", block.coefficients},
          {"limits", block.limits},
          {"crossovers", block.crossovers},
          {"derived", block.derived},
          {"status", block.status},
          {"defect", block.defect},
          {"error_estimate", block.error_estimate},
          {"reference_error", block.reference_error},
          {"matching_error", block.matching_error},
          {"iterations", block.iterations},
          {"rescue", block.rescue},
          {"head", block.head},
          {"map", block.map}};
}

/// Bit by bit, undefined numbers included.
bool same_bits(const Tensor& a, const Tensor& b) {
  return a.sizes() == b.sizes() && a.is_contiguous() && b.is_contiguous() &&
         std::memcmp(a.data_ptr(), b.data_ptr(), a.nbytes()) == 0;
}

// --- shapes
// --------------------------------------------------------------------------------------------------------

TEST(Trainer, GivesTheAnnouncedShapes) {
  const auto job = test::shipped_job("misaligned_scalar", {"output.points=17"});
  const Trainer trainer(job, at::kCPU);
  const auto block = trainer.train(matrix({2.0, 30.0, 95.0}, 1));
  const std::int64_t n = 2, patches = 2, points = 3, places = 17;
  EXPECT_EQ(block.solution.sizes(), (at::IntArrayRef{n, points, places}));
  EXPECT_EQ(block.matching.sizes(), (at::IntArrayRef{1, points, places}));
  EXPECT_EQ(block.coefficients.sizes(), (at::IntArrayRef{patches * n, points, places}));
  EXPECT_EQ(block.limits.sizes(), (at::IntArrayRef{patches * n, points}));
  EXPECT_EQ(block.crossovers.sizes(), (at::IntArrayRef{patches - 1, points}));
  EXPECT_EQ(block.derived.sizes(), (at::IntArrayRef{3, points}));
  EXPECT_EQ(block.head.sizes(), (at::IntArrayRef{points, trainer.head_features(), patches * n}));
  EXPECT_EQ(block.map.sizes(), (at::IntArrayRef{points, patches, trainer.map_parameters()}));
  for (const auto& [name, values] : numbers_of(block)) {
    EXPECT_TRUE(values.is_contiguous()) << name;
    EXPECT_TRUE(values.device().is_cpu()) << name;
  }
  for (const auto& values : {block.defect, block.error_estimate, block.reference_error, block.matching_error,
                             block.seconds, block.head, block.map, block.solution}) {
    EXPECT_EQ(values.scalar_type(), at::kDouble);
  }
  EXPECT_EQ(block.status.scalar_type(), at::kByte);
  EXPECT_EQ(block.rescue.scalar_type(), at::kByte);
  EXPECT_EQ(block.iterations.scalar_type(), at::kInt);
  EXPECT_TRUE(block.reference_error.isnan().all().item<bool>());  // no closed form in the problem
  EXPECT_TRUE((block.seconds > 0.0).all().item<bool>());
  EXPECT_GT(trainer.peak_bytes(1), 8 * trainer.head_features() * trainer.head_features());
}

// --- reproducibility
// -------------------------------------------------------------------------------------------------

TEST(Trainer, RepeatsABlockBitByBit) {
  const auto job = test::shipped_job("mixed_order_decay", {"output.points=33"});
  const auto parameters = matrix({0.02, 15, 1, 0.9, 800, 1, 0.1, 100, 1, 0.013, 990, 1}, 3);
  const auto once = numbers_of(Trainer(job, at::kCPU).train(parameters));
  const Trainer trainer(job, at::kCPU);
  trainer.train(matrix({0.5, 500, 1}, 3));  // what was trained before does not matter
  for (const auto& [name, values] : numbers_of(trainer.train(parameters))) {
    EXPECT_TRUE(same_bits(values, once.at(name))) << name;
  }
}

TEST(Trainer, APointsResultDoesNotDependOnItsPlaceInTheBlock) {
  const auto job = test::shipped_job("mixed_order_decay", {"output.points=33"});
  const Trainer trainer(job, at::kCPU);
  Tensor parameters = at::ones({37, 3}, at::kDouble);  // two batches
  parameters.select(1, 0).copy_(at::linspace(std::log(0.01), 0.0, 37, at::kDouble).exp());
  parameters.select(1, 1).copy_(
      (at::arange(37, at::kDouble) * 29).remainder(37).div(36.0).mul(std::log(100.0)).exp() * 10.0);
  const auto whole = trainer.train(parameters);
  for (const std::int64_t point : {0, 20, 36}) {
    const auto alone = trainer.train(parameters.narrow(0, point, 1));
    EXPECT_EQ(status(whole, point), converged);
    const auto difference = (whole.solution.select(1, point) / alone.solution.select(1, 0) - 1.0);
    EXPECT_LT(test::largest(difference), 1e-9) << "point " << point;
    EXPECT_NEAR(whole.limits[1][point].item<double>(), alone.limits[1][0].item<double>(), 1e-8);
  }
}

// --- what is stored is enough
// ------------------------------------------------------------------------------------------

/// One patch's coefficient functions at t (1, M) from what a sweep file stores: scale(xi) features(xi) . head
/// with xi = xi(x), (n, M).
Tensor coefficients_by_hand(const Trainer& trainer, const job::Job& job, const BlockResult& block,
                            std::int64_t point, const std::string& trunk, int patch, const Tensor& t) {
  std::map<std::string, Tensor> arrays;
  for (const auto& [name, values] : trainer.trunk_arrays()) arrays[name] = values;
  const auto& mixing = arrays.at(trunk + "_mixing");
  const auto map = network::Map::unpacked(block.map.select(1, patch).narrow(0, point, 1));
  const auto x = job.problem.variable.scale == job::Scale::log ? t.log() : t;
  const auto xi = map.xi(x);
  auto neurons =
      ((xi.squeeze(0).unsqueeze(1) - arrays.at(trunk + "_centre")) * arrays.at(trunk + "_slope")).tanh();
  neurons = at::cat({neurons, at::ones({neurons.size(0), 1}, at::kDouble)}, 1);
  const std::int64_t n = job.problem.state_size();
  const auto head = block.head[point].narrow(0, 0, mixing.size(1)).narrow(1, patch * n, n);
  const network::Scale scale{block.scale.narrow(0, point, 1).narrow(1, patch * n, n)};
  return scale.at(xi).squeeze(0) * at::matmul(at::matmul(neurons, mixing), head).t();
}

/// Largest difference, relative to the largest value, between that and the stored coefficient functions on
/// the patch's region.
double difference_by_hand(const Trainer& trainer, const job::Job& job, const BlockResult& block,
                          std::int64_t point, const std::string& trunk, int patch) {
  const auto t = at::tensor(job.output_points(), at::kDouble).unsqueeze(0);
  const auto x = job.problem.variable.scale == job::Scale::log ? t.log() : t;
  const auto map = network::Map::unpacked(block.map.select(1, patch).narrow(0, point, 1));
  const auto inside = ((x >= map.start) & (x <= map.end)).squeeze(0);
  EXPECT_GE(inside.sum().item<int>(), 5);
  const auto by_hand = coefficients_by_hand(trainer, job, block, point, trunk, patch, t);
  const std::int64_t n = job.problem.state_size();
  double worst = 0.0;
  for (std::int64_t k = 0; k < n; ++k) {
    const auto stored = block.coefficients[patch * n + k][point].masked_select(inside);
    worst = std::max(worst, test::distance(by_hand[k].masked_select(inside), stored) / test::largest(stored));
  }
  return worst;
}

TEST(Trainer, StoredArraysGiveTheCoefficientFunctions) {
  for (const std::string name : {"mixed_order_decay", "freeze_out", "misaligned_scalar"}) {
    const auto job = test::shipped_job(name, {"output.points=129"});
    const Trainer trainer(job, at::kCPU);
    const auto block = trainer.train(name == "mixed_order_decay" ? matrix({0.02, 15, 1, 0.3, 400, 1}, 3)
                                     : name == "freeze_out"      ? matrix({3e6, 1e9}, 1)
                                                                 : matrix({3.0, 60.0}, 1));
    for (const std::int64_t point : {0, 1}) {
      EXPECT_EQ(block.rescue[point].item<int>(), 0);
      for (const int patch : {0, 1}) {
        EXPECT_LT(difference_by_hand(trainer, job, block, point, "trunk", patch), 1e-10)
            << name << ", patch " << patch;
      }
    }
  }
}

// Outside its region a patch's coefficients are those that express the solution in its terms.
TEST(Trainer, CoefficientsDescribeTheSolutionEverywhere) {
  const auto job = test::shipped_job("mixed_order_decay", {"output.points=65"});
  const auto block = Trainer(job, at::kCPU).train(matrix({0.02, 15, 1, 0.3, 400, 1}, 3));
  const auto t = at::tensor(job.output_points(), at::kDouble).unsqueeze(0);
  const auto k1 = at::tensor({0.02, 0.3}, at::kDouble).unsqueeze(1),
             k2 = at::tensor({15.0, 400.0}, at::kDouble).unsqueeze(1);
  EXPECT_TRUE(block.coefficients.isfinite().all().item<bool>());
  EXPECT_LT(test::relative_distance(1.0 / (block.coefficients[0] + k2 * t), block.solution[0]), 1e-6);
  EXPECT_LT(test::relative_distance((block.coefficients[1] - k1 * t).exp(), block.solution[0]), 1e-6);
}

// --- the rescue ladder
// ---------------------------------------------------------------------------------------------------

TEST(Trainer, RescuesPointsOfAPoorNetworkAndStoresTheFinerOne) {
  const auto job = test::shipped_job(
      "mixed_order_decay",
      {"output.points=129", "network={features: 48, elements: 12}", "training.tolerance=1e-5"});
  const Trainer trainer(job, at::kCPU);
  const auto block = trainer.train(matrix({0.02, 15, 1, 0.3, 400, 1, 0.9, 990, 1}, 3));
  for (std::int64_t point = 0; point < 3; ++point) {
    EXPECT_EQ(block.rescue[point].item<int>(), 1);
    EXPECT_EQ(status(block, point), converged);
    for (const int patch : {0, 1}) {
      EXPECT_LT(difference_by_hand(trainer, job, block, point, "rescue_trunk", patch), 1e-10);
      EXPECT_GT(difference_by_hand(trainer, job, block, point, "trunk", patch),
                1e-3);  // not the first network's
    }
  }
}

// Rank 0's arrays are given to all ranks, so that they agree to the last bit.
TEST(Trainer, RefreshTakesOverwrittenTrunks) {
  const auto job = test::shipped_job("mixed_order_decay", {"output.points=9"});
  const Trainer source(job, at::kCPU);
  Trainer target(job, at::kCPU);
  const auto parameters = matrix({0.1, 100, 1}, 3);
  const auto expected = source.train(parameters);
  const auto from = source.trunk_arrays(), to = target.trunk_arrays();
  ASSERT_EQ(from.size(), to.size());
  for (const auto& [name, values] : to) {
    if (name.find("slope") != std::string::npos) Tensor(values).mul_(1.2);
  }
  target.refresh();
  EXPECT_FALSE(at::equal(target.train(parameters).head, expected.head));
  for (std::size_t i = 0; i < from.size(); ++i) {
    EXPECT_EQ(from[i].first, to[i].first);
    Tensor(to[i].second).copy_(from[i].second);
  }
  target.refresh();
  const auto numbers = numbers_of(target.train(parameters));
  for (const auto& [name, values] : numbers_of(expected))
    EXPECT_TRUE(same_bits(numbers.at(name), values)) << name;
}

// --- statuses
// --------------------------------------------------------------------------------------------------------

constexpr const char* logarithm = R"yaml(name: logarithm
variable: {symbol: t, range: [1.0e-2, 1.0e1], scale: log}
parameters: {k1: {default: 0.3}, k2: {default: 40}}
unknowns: {A: {magnitude: "abs(A)"}}
equations: {A: "-k1*A - k2*A**2"}
conditions: [{at: start, A: "1"}]
patches: [{name: first_order, constants: {d: "0"}, solution: {A: "exp(d - k1*t + 0*log(k1))*k1**0.5/k1**0.5"}}]
)yaml";

TEST(Trainer, MarksUndefinedNumbersAndKeepsTheOtherPoints) {
  const Trainer trainer(test::job_of(logarithm, "output: {points: 9}"), at::kCPU);
  const auto block = trainer.train(matrix({0.3, 40, -0.3, 40, 0.5, 10}, 2));
  EXPECT_EQ(status(block, 0), converged);
  EXPECT_EQ(status(block, 1), static_cast<int>(Status::failed_nonfinite));
  EXPECT_EQ(status(block, 2), converged);
  const auto alone = trainer.train(matrix({0.5, 10}, 2));
  EXPECT_LT(test::relative_distance(block.solution[0][2], alone.solution[0][0]), 1e-9);
}

constexpr const char* blowing_up = R"yaml(name: blowing_up
variable: {symbol: t, range: [0, 2], scale: linear}
parameters: {y0: {default: 1}}
unknowns: {y: {magnitude: "abs(y)"}}
equations: {y: "y**2"}
conditions: [{at: start, y: "y0"}]
patches: [{name: pole, constants: {c: "1/y0"}, solution: {y: "1/(c - t)"}}]
)yaml";

// Behind its pole at 1/y0 the patch's form goes on, the solution does not.
TEST(Trainer, SolutionsThatPassAPoleHaveFailed) {
  const Trainer trainer(test::job_of(blowing_up, "output: {points: 9}"), at::kCPU);
  const auto block = trainer.train(test::column({0.2, 1.0, -1.0, 0.6, 0.4999}));
  for (const int point : {0, 2, 4}) EXPECT_EQ(status(block, point), converged) << point;
  for (const int point : {1, 3}) {
    EXPECT_EQ(status(block, point), static_cast<int>(Status::failed_nonfinite)) << point;
  }
}

constexpr const char* movable_hand_over = R"yaml(name: movable_hand_over
variable: {symbol: t, range: [1.0e-4, 1.0e2], scale: log}
parameters: {k1: {default: 0.3}, u: {default: 1}, o: {default: 1.5}}
unknowns: {A: {magnitude: "abs(A)"}}
equations: {A: "-k1*A - 40*A**2"}
conditions: [{at: start, A: "1"}]
patches:
  - {name: second, constants: {c: "1"}, solution: {A: "1/(c + 40*t)"}, until: "u/k1", overlap: "o"}
  - {name: first, constants: {d: "0"}, solution: {A: "exp(d - k1*t)"}}
)yaml";

// Neither does such a point stop its block, nor does an estimate over an undefined region pass for a small
// one.
TEST(Trainer, UndefinedHandOversAndOverlapsFailAlone) {
  for (const std::string training : {"{}", "{ansatz: sum}", "{method: adam, adam: {steps: 3}}",
                                     "{method: adam, ansatz: sum, adam: {steps: 3}}",
                                     "{method: plain, adam: {steps: 3}}", "{method: matching}"}) {
    SCOPED_TRACE(training);
    const Trainer trainer(test::job_of(movable_hand_over, "output: {points: 9}\ntraining: " + training),
                          at::kCPU);
    const auto block = trainer.train(matrix({0.3, 1, 1.5, 0.3, NAN, 1.5, 0.5, 1, NAN, 0.5, 1, 1.5}, 3));
    const auto healthy = trainer.train(matrix({0.3, 1, 1.5, 0.5, 1, 1.5}, 3));
    EXPECT_EQ(status(block, 0), status(healthy, 0));
    EXPECT_EQ(status(block, 1), static_cast<int>(Status::failed_nonfinite));
    EXPECT_EQ(status(block, 2), static_cast<int>(Status::failed_nonfinite));
    EXPECT_EQ(status(block, 3), status(healthy, 1));
    EXPECT_LT(test::relative_distance(block.solution[0][0], healthy.solution[0][0]), 1e-6);
  }
}

constexpr const char* blowing_up_in_two = R"yaml(name: blowing_up_in_two
variable: {symbol: t, range: [0, 2], scale: linear}
parameters: {u: {default: 1}}
unknowns: {y: {magnitude: "abs(y)"}}
equations: {y: "y**2"}
conditions: [{at: start, y: "1"}]
patches:
  - {name: a, constants: {c: "1"}, solution: {y: "1/(c - t)"}, until: "u", overlap: "0.1"}
  - {name: b, constants: {c: "1"}, solution: {y: "1/(c - t)"}}
)yaml";

TEST(Trainer, APoleAtAHandOverIsNoticed) {
  const auto job =
      test::job_of(blowing_up_in_two, "output: {points: 9}\ntraining: {tolerance: 1.0e-3, rescue: false}");
  const auto block = Trainer(job, at::kCPU).train(test::column({0.998, 0.9995, 1.0, 1.001}));
  EXPECT_TRUE((block.status == static_cast<int>(Status::failed_nonfinite)).all().item<bool>());
}

constexpr const char* degenerating = R"yaml(name: degenerating
variable: {symbol: t, range: [0.5, 2.5], scale: linear}
parameters: {p: {default: 1}}
unknowns: {y: {order: 2, magnitude: "1"}}
equations: {y: "-y"}
conditions: [{at: start, y: "1", y_t: "0"}]
patches: [{name: only, constants: {a: "1", b: "0"}, solution: {y: "a*sin(t) + b*(sin(t) + p*cos(t))"}}]
exact: {y: "cos(t - 0.5)"}
)yaml";

TEST(Trainer, MarksADegeneratePatchAndKeepsTheOtherPoints) {
  const Trainer trainer(test::job_of(degenerating, "output: {points: 9}"), at::kCPU);
  const auto block = trainer.train(matrix({1.0, 0.0, 0.2}, 1));
  EXPECT_EQ(status(block, 0), converged);
  EXPECT_EQ(status(block, 1), static_cast<int>(Status::degenerate_patch));
  EXPECT_EQ(status(block, 2), converged);
  EXPECT_LT(block.reference_error[0].item<double>(), 1e-8);
  EXPECT_LT(block.reference_error[2].item<double>(), 1e-8);
}

TEST(Trainer, DoesNotCallAnImpossibleToleranceConverged) {
  const auto parameters = matrix({0.02, 15, 1, 0.9, 800, 1}, 3);
  const auto strict =
      Trainer(test::shipped_job("mixed_order_decay", {"training.tolerance=1e-17", "output.points=17"}),
              at::kCPU)
          .train(parameters);
  for (const std::int64_t point : {0, 1}) {
    EXPECT_EQ(status(strict, point), static_cast<int>(Status::not_converged));
    EXPECT_LT(strict.error_estimate[point].item<double>(), 1e-7);  // and yet it gives its best
    EXPECT_LT(strict.reference_error[point].item<double>(), 1e-7);
  }
}

TEST(Trainer, APointThatDoesNotConvergeLeavesTheOthersAlone) {
  // The relic frame does not hold at half the freeze-out time where annihilation is strong: 1/Y is there a
  // small difference of c and lambda/x.
  const Trainer trainer(
      test::shipped_job("freeze_out", {"problem.patches.0.until=0.5*x_f", "output.points=17"}), at::kCPU);
  const auto block = trainer.train(matrix({7e6, 5e11, 1e7}, 1));
  EXPECT_EQ(status(block, 0), converged);
  EXPECT_EQ(status(block, 1), static_cast<int>(Status::not_converged));
  EXPECT_GT(block.error_estimate[1].item<double>(), 1e-6);
  EXPECT_EQ(status(block, 2), converged);
  const auto healthy = trainer.train(matrix({7e6, 1e8, 1e7}, 1));
  for (const std::int64_t point : {0, 2}) {
    EXPECT_LT(test::relative_distance(block.solution[0][point], healthy.solution[0][point]), 1e-9);
  }
}

TEST(Trainer, WithoutAnEstimateTheDefectDecides) {
  const auto job =
      test::shipped_job("mixed_order_decay", {"verification.estimate=false", "output.points=17"});
  const auto block = Trainer(job, at::kCPU).train(matrix({0.02, 15, 1, 0.9, 800, 1}, 3));
  EXPECT_TRUE(block.error_estimate.isnan().all().item<bool>());
  EXPECT_TRUE((block.status == converged).all().item<bool>());
  EXPECT_TRUE((block.defect <= 1e-6).all().item<bool>());
}

TEST(Trainer, AConstantWhoseTermUnderflowsIsADegeneratePatch) {
  const auto job = test::job_of(R"yaml(name: relaxation
variable: {symbol: t, range: [0, 60], scale: linear}
parameters: {r: {default: 1}}
unknowns: {y: {order: 1}}
equations: {y: "r*(10 - y)"}
conditions: [{at: start, y: "1"}]
patches: [{name: only, constants: {b: "9"}, solution: {y: "10 - b*exp(-r*t)"}}]
)yaml");
  const auto block = Trainer(job, at::kCPU).train(matrix({0.1, 50.0}, 1));
  EXPECT_EQ(block.status[0].item<int>(), static_cast<int>(Status::converged));
  EXPECT_EQ(block.status[1].item<int>(), static_cast<int>(Status::degenerate_patch));
}

TEST(Trainer, MatchingAloneIsItsOwnMethod) {
  const auto job = test::shipped_job("mixed_order_decay", {"training.method=matching", "output.points=17"});
  const auto parameters = matrix({0.02, 15, 1, 0.9, 800, 1}, 3);
  const auto block = Trainer(job, at::kCPU).train(parameters);
  EXPECT_TRUE((block.status == static_cast<int>(Status::matching_only)).all().item<bool>());
  EXPECT_TRUE(at::equal(block.solution, block.matching));
  EXPECT_TRUE(at::equal(block.matching_error, block.reference_error));  // of the closed form, not of itself
  EXPECT_TRUE((block.reference_error > 0.1).all().item<bool>());        // a factor e is missed
  EXPECT_TRUE(block.head.isnan().all().item<bool>());
  const auto trained =
      Trainer(test::shipped_job("mixed_order_decay", {"output.points=17"}), at::kCPU).train(parameters);
  EXPECT_LT(test::relative_distance(block.matching, trained.matching), 1e-13);
}

}  // namespace
}  // namespace gluesweep::training
