#include <cmath>
#include <cstdio>

#include "../support/jobs.hpp"
#include "contest.hpp"
#include "measure.hpp"

namespace gluesweep::benchmark {
namespace {

using at::Tensor;

constexpr double mass = 10.0;             // and up to 5% around it, so that no two points are the same
constexpr double seconds_at_most = 20.0;  // a point of CVODE; longer ones are extrapolated
constexpr double seconds_once = 1.0;      // beyond which a point of CVODE is measured alone, and once

/// The solution with phi = 1 and phi' = 0 at t = 1e-3: z^(1/4) phi is a Bessel function of order 1/4 in
/// z = m t, and phi' = -m z^(-1/4) (alpha J_5/4 + beta Y_5/4) (Abramowitz and Stegun 9.1.30).
class ExactField {
 public:
  explicit ExactField(double m) : m_(m) {
    const double z = m * 1e-3;
    const double j = std::cyl_bessel_j(0.25, z), y = std::cyl_neumann(0.25, z);
    const double j1 = std::cyl_bessel_j(1.25, z), y1 = std::cyl_neumann(1.25, z);
    const double determinant = j * y1 - y * j1;
    alpha_ = std::pow(z, 0.25) * y1 / determinant;
    beta_ = -std::pow(z, 0.25) * j1 / determinant;
  }

  double operator()(double t) const {
    const double z = m_ * t;
    double j, y;
    if (z < 300.0) {
      j = std::cyl_bessel_j(0.25, z);
      y = std::cyl_neumann(0.25, z);
    } else {  // Hankel's expansion, 9.2.5 and 9.2.6 with mu = 1/4: the next term is below 1e-15
      const double p = 1.0 - 0.05126953125 / std::pow(z, 2) + 0.08054673671722412 / std::pow(z, 4);
      const double q =
          -0.09375 / z + 0.0528717041015625 / std::pow(z, 3) - 0.1626037247478962 / std::pow(z, 5);
      const double phase = z - 3.0 * M_PI / 8.0, size = std::sqrt(2.0 / (M_PI * z));
      j = size * (p * std::cos(phase) - q * std::sin(phase));
      y = size * (p * std::sin(phase) + q * std::cos(phase));
    }
    return std::pow(z, -0.25) * (alpha_ * j + beta_ * y);
  }

 private:
  double m_, alpha_, beta_;
};

/// Largest error of the field (B, M) over its envelope (1 + m t)^(-3/4).
double error_of(const Tensor& field, const Tensor& masses, const std::vector<double>& outputs) {
  double worst = 0.0;
  for (std::int64_t i = 0; i < masses.size(0); ++i) {
    const double m = masses[i].item<double>();
    const ExactField exact(m);
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      const double difference = field[i][static_cast<std::int64_t>(k)].item<double>() - exact(outputs[k]);
      worst = std::max(worst, std::abs(difference) * std::pow(1.0 + m * outputs[k], 0.75));
    }
  }
  return worst;
}

/// Seconds a point on both sides, and errors.
struct Row {
  double ours, theirs, ratio;
  double our_error, their_error;
  bool extrapolated;
};

/// expected: seconds a point of CVODE, 0 where nothing is known yet.
Row measure(NativeSolver& solver, double radians, double expected, int repetitions) {
  char range[64];
  std::snprintf(range, sizeof range, "problem.variable.range=[1.0e-3, %.1e]", radians / mass);
  const auto job = test::default_job("misaligned_scalar", {range});
  const auto trainer = ready_trainer(job);
  const auto count = job.run.block;
  const auto masses = (mass * at::linspace(0.95, 1.05, count, at::kDouble)).roll(count / 2).unsqueeze(1);
  const auto few = masses.narrow(0, 0, expected > seconds_once ? 1 : 2);
  const bool extrapolated = expected > seconds_at_most;

  auto block = trainer.train(masses);
  std::vector<double> ours, theirs, ratios;
  Tensor states;
  for (int i = 0; i < repetitions; ++i) {
    ours.push_back(seconds_of([&] { block = trainer.train(masses); }) / static_cast<double>(count));
    if (extrapolated) {
      theirs.push_back(expected);
    } else if (theirs.empty() || expected < seconds_once) {
      theirs.push_back(seconds_of([&] { states = by_cvode(solver, job, few).value(); }) /
                       static_cast<double>(few.size(0)));
    }
    ratios.push_back(theirs.back() / ours.back());
  }
  const auto outputs = job.output_points();
  return {spread_of(ours).median,
          spread_of(theirs).median,
          spread_of(ratios).median,
          error_of(block.solution[0], masses.squeeze(1), outputs),
          extrapolated ? NAN : error_of(states[0], few.squeeze(1), outputs),
          extrapolated};
}

}  // namespace

void print_long_oscillations(int repetitions) {
  std::printf(
      "| m t_end | gluesweep us/point | CVODE us/point, rtol 1e-8 | CVODE/gluesweep | error gluesweep | "
      "error CVODE |\n|---|---|---|---|---|---|\n");
  const auto solver = make_native_solver("misaligned_scalar", {contest_of("misaligned_scalar").usual});
  double seconds_per_radian = 0.0;
  for (const double radians : {1e3, 1e4, 1e5, 1e6, 1e8}) {
    const auto row = measure(*solver, radians, seconds_per_radian * radians, repetitions);
    seconds_per_radian = row.theirs / radians;
    const char* remark = row.extrapolated ? " (extrapolated)" : "";
    std::printf("| %.0e | %s | %s%s | **%s**%s | %s | %s |\n", radians, number(1e6 * row.ours).c_str(),
                number(1e6 * row.theirs).c_str(), remark, number(row.ratio).c_str(), remark,
                error_text(row.our_error).c_str(), error_text(row.their_error).c_str());
    std::fflush(stdout);
  }
}

}  // namespace gluesweep::benchmark
