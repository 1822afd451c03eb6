#include <gtest/gtest.h>

#include <cmath>

#include "../../support/shipped_problems.hpp"
#include "gluesweep/training/trainer.hpp"

/// What a scan is for, asymptotic constants, crossovers and the quantities derived from them, against values
/// that no network had a part in: closed forms, and numbers that tests/data/derived/integrate.py computes.
namespace gluesweep::training {
namespace {

using at::Tensor;

/// A shipped job trained at points that give its swept parameters, (B, p).
BlockResult trained(const std::string& name, const Tensor& swept) {
  const auto job = test::default_job(name, {"output.points=9"});
  test::ReferenceTable points;
  for (const auto& parameter : job.sweep.parameters) points.names.push_back(parameter.name);
  points.parameters = swept;
  return test::train(job, test::parameters_of(job.problem, points));
}

Tensor derived(const std::string& name, const BlockResult& block, const std::string& quantity) {
  const auto all = test::default_job(name).problem.derived;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == quantity; });
  return block.derived[found - all.begin()];
}

void expect_values(const Tensor& values, const std::vector<double>& expected, double relative) {
  EXPECT_LT(test::relative_distance(values, at::tensor(expected, at::kDouble)), relative) << values;
}

TEST(MisalignedScalar, TheDerivativeAgreesAsWell) {
  const auto table = test::read_reference("misaligned_scalar", 1);
  const auto block = test::train(test::job_at("misaligned_scalar", table), table.parameters);
  const auto& m = table.parameters;
  const auto scale = m * (1.0 + m * test::row(table.places)).pow(-0.75);
  EXPECT_LT(test::largest((block.solution[1] - table.values.at("phi_t")) / scale), 1e-6);
}

TEST(MixedOrderDecay, LateAmplitudeAndCrossoverHaveTheirClosedForms) {
  const auto job = test::default_job("mixed_order_decay", {"output.points=9"});
  const auto parameters =
      at::tensor({0.4, 20.0, 1.0, 0.7, 300.0, 2.0, 1.0, 950.0, 0.5}, at::kDouble).view({3, 3});
  const auto block = test::train(job, parameters);
  const auto k1 = parameters.select(1, 0), k2 = parameters.select(1, 1), a0 = parameters.select(1, 2);
  const double start = 1e-4;
  const auto amplitude = (k1 * start).exp() / (1.0 / a0 + k2 / k1);
  EXPECT_LT(test::relative_distance(block.derived[0], amplitude), 2e-7);
  EXPECT_LT(test::relative_distance(block.limits[1].exp(), amplitude), 2e-7);
  // Drifts k1 and k2 A are equal where A = k1/k2.
  const auto crossover = start + (2.0 * (k2 / k1) / (1.0 / a0 + k2 / k1)).log() / k1;
  EXPECT_LT(test::relative_distance(block.crossovers[0], crossover), 1e-5);
  EXPECT_TRUE(at::equal(block.crossovers[0], block.derived[1]));
}

TEST(FreezeOut, RelicAbundanceContinuesTheSolutionsEnd) {
  const auto table = test::read_reference("freeze_out", 1);
  const auto block = test::train(test::job_at("freeze_out", table), table.parameters);
  const auto lambda = table.parameters.squeeze(1);
  const auto relic = block.derived[0];
  EXPECT_TRUE(at::allclose(relic, 1.0 / block.limits[1], 1e-14, 0.0));
  // 1/Y = c - lambda/x with c constant at the end.
  const auto end = table.values.at("Y").select(1, -1);
  EXPECT_LT(test::relative_distance(1.0 / (1.0 / relic - lambda / 1000.0), end), 1e-6);
  // Stronger annihilation leaves less, nearly in inverse proportion.
  const auto order = lambda.argsort();
  const auto slope = (relic.index_select(0, order).log().diff() / lambda.index_select(0, order).log().diff());
  EXPECT_LT(slope.max().item<double>(), -0.85);
  EXPECT_GT(slope.min().item<double>(), -1.0);
  // Freeze-out later for stronger annihilation, some 10 to 30.
  const auto x_f = block.derived[1].index_select(0, order);
  EXPECT_TRUE((x_f.diff() > 0.0).all().item<bool>());
  EXPECT_GT(x_f.min().item<double>(), 5.0);
  EXPECT_LT(x_f.max().item<double>(), 40.0);
}

// z^(1/4) phi = alpha J + beta Y of order 1/4 in z = m t, and phi' = -z^(-1/4) (alpha J_5/4 + beta Y_5/4)
// (Abramowitz and Stegun 9.1.30); late, both are waves of amplitude (2/(pi z))^1/2 with phase 3 pi/8.
std::pair<double, double> late_wave(double m) {
  const double z = m * 1e-3, quarter = std::pow(z, 0.25);
  const double j = std::cyl_bessel_j(0.25, z), y = std::cyl_neumann(0.25, z);
  const double j1 = std::cyl_bessel_j(1.25, z), y1 = std::cyl_neumann(1.25, z);
  const double determinant = j * y1 - y * j1;
  const double alpha = quarter * y1 / determinant, beta = -quarter * j1 / determinant;
  const double wave = std::sqrt(2.0 / M_PI), phase = 3.0 * M_PI / 8.0;
  return {wave * (alpha * std::cos(phase) - beta * std::sin(phase)),
          wave * (alpha * std::sin(phase) + beta * std::cos(phase))};
}

TEST(MisalignedScalar, LateConstantsAreThoseOfTheBesselFunctions) {
  const std::vector<double> masses{1.0, 2.0, 7.0, 31.0, 100.0};
  const auto block = trained("misaligned_scalar", test::column(masses));
  for (std::size_t i = 0; i < masses.size(); ++i) {
    const auto point = static_cast<std::int64_t>(i);
    const auto [a, b] = late_wave(masses[i]);
    EXPECT_NEAR(block.limits[2][point].item<double>(), a, 1e-7) << "m = " << masses[i];
    EXPECT_NEAR(block.limits[3][point].item<double>(), b, 1e-7) << "m = " << masses[i];
    EXPECT_NEAR(block.derived[0][point].item<double>(), std::hypot(a, b), 1e-7);
    EXPECT_NEAR(block.derived[1][point].item<double>(), std::atan(b / a), 1e-7);
  }
  // The problem has no scale of its own: only the start, at m t = m/1000, tells the masses apart.
  for (const int derived : {0, 1, 2}) {
    const auto values = block.derived[derived];
    EXPECT_NEAR(values[1].item<double>(), values[0].item<double>(), 1e-4 * std::abs(values[0].item<double>()))
        << derived;
    EXPECT_NEAR(values[2].item<double>(), values[0].item<double>(), 1e-3 * std::abs(values[0].item<double>()))
        << derived;
  }
}

// A thousand times longer, up to 1e8 radians: the same error and the same work.
TEST(MisalignedScalar, DoesNotMindAHundredMillionRadians) {
  const std::vector<double> masses{1.0, 7.0, 100.0};
  const auto job = test::default_job("misaligned_scalar", {"problem.variable.range=[1.0e-3, 1.0e6]",
                                                           "output.points=[1.0e-3, 1.0e5, 1.0e6]"});
  const auto block = test::train(job, test::column(masses));
  EXPECT_TRUE((block.status == static_cast<int>(Status::converged)).all().item<bool>());
  EXPECT_LT(block.error_estimate.max().item<double>(), 1e-7);
  for (std::size_t i = 0; i < masses.size(); ++i) {
    const auto [a, b] = late_wave(masses[i]);
    for (const int place : {1, 2}) {
      const double z = masses[i] * job.output.values[static_cast<std::size_t>(place)];
      const double q = -0.09375 / z;  // the first of Hankel's terms; the next is below 1e-11
      const double wave = a * (std::cos(z) - q * std::sin(z)) + b * (std::sin(z) + q * std::cos(z));
      EXPECT_NEAR(block.solution[0][static_cast<std::int64_t>(i)][place].item<double>() * std::pow(z, 0.75),
                  wave, 1e-7)
          << "m = " << masses[i];
    }
  }
  const auto shorter = trained("misaligned_scalar", test::column(masses));
  EXPECT_TRUE((block.iterations <= shorter.iterations).all().item<bool>());
  EXPECT_TRUE((block.rescue == 0).all().item<bool>());
}

TEST(TensorModes, LateAmplitudeAndPhaseAreThoseOfTheFullWave) {
  const auto block = trained("tensor_modes", test::column({1, 3, 10, 100}));
  expect_values(derived("tensor_modes", block, "amplitude"),
                {4.14470790798, 2.60367791244, 2.16483849447, 2.02582697313}, 2e-8);
  expect_values(derived("tensor_modes", block, "late_phase"),
                {-0.919295722725, -0.502884847678, -0.212942934917, -0.0331691707792}, 2e-7);
  // Waves that have oscillated but once or twice at the end of the domain: the asymptotic form is off by some
  // (k eta)^-5 there.
  const auto long_waves = trained("tensor_modes", test::column({0.1, 0.3}));
  expect_values(derived("tensor_modes", long_waves, "amplitude"), {30.287239833, 10.6050964156}, 2e-6);
  expect_values(derived("tensor_modes", long_waves, "late_phase"), {-1.47497220705, -1.30756823547}, 2e-5);
  // Late entry: h = 3 j1(k eta)/(k eta) in the matter era, early entry: sin(k eta)/(k eta) in that of
  // radiation.
  const auto extremes = trained("tensor_modes", test::column({1e-1, 1e2}));
  expect_values(derived("tensor_modes", extremes, "amplitude"), {3.0 / 0.1, 2.0}, 0.02);
}

TEST(MichaelisMenten, LateAmplitudeAndEndOfSaturation) {
  const auto block =
      trained("michaelis_menten", at::tensor({100.0, 3.0, 40.0, 9.0}, at::kDouble).view({2, 2}));
  expect_values(derived("michaelis_menten", block, "late_amplitude"), {1270.27326819, 57.6148121045}, 2e-7);
  expect_values(derived("michaelis_menten", block, "late_rate"), {2.64110105646, 3.39444872454}, 1e-10);
  expect_values(derived("michaelis_menten", block, "hand_over_time"), {3.364667778483, 1.3381673945104},
                1e-5);
}

TEST(Robertson, LateOffsetAndEndOfGrowth) {
  const auto block = trained("robertson", at::tensor({0.04, 3e7, 0.08, 1e8}, at::kDouble).view({2, 2}));
  expect_values(derived("robertson", block, "late_offset"), {16.71961579, 19.36646196}, 1e-6);
  expect_values(derived("robertson", block, "hand_over_time"), {643.1392987322, 89.137201825}, 1e-5);
}

}  // namespace
}  // namespace gluesweep::training
