#include <cmath>
#include <cstdio>

#include "../support/jobs.hpp"
#include "contest.hpp"
#include "measure.hpp"

namespace gluesweep::benchmark {
namespace {

using at::Tensor;

constexpr double mass = 10.0;             // and up to 5% around it, so that no two points are the same
constexpr double seconds_at_most = 20.0;  // for CVODE to finish a row; longer ones are extrapolated

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

}  // namespace

void print_long_oscillations(int repetitions) {
  constexpr std::int64_t points_of_cvode = 2;
  std::printf(
      "| m t_end | gluesweep us/point | CVODE us/point, rtol 1e-8 | CVODE/gluesweep | error gluesweep | "
      "error CVODE |\n");
  std::printf("|---|---|---|---|---|---|\n");
  const auto solver = make_native_solver("misaligned_scalar", {contest_of("misaligned_scalar").usual});
  double seconds_per_radian = 0.0;
  for (const double radians : {1e3, 1e4, 1e5, 1e6, 1e8}) {
    char range[64];
    std::snprintf(range, sizeof range, "problem.variable.range=[1.0e-3, %.1e]", radians / mass);
    const auto job = test::shipped_job("misaligned_scalar", {range});
    const training::Trainer trainer(job, at::kCPU);
    const auto points =
        (mass * at::linspace(0.95, 1.05, job.run.block, at::kDouble)).roll(job.run.block / 2).unsqueeze(1);
    const auto few = points.narrow(0, 0, points_of_cvode);

    auto block = trainer.train(points);
    std::vector<double> ours, theirs, ratios;
    Tensor states;
    for (int i = 0; i < repetitions; ++i) {
      ours.push_back(seconds_of([&] { block = trainer.train(points); }) /
                     static_cast<double>(points.size(0)));
      const double expected = seconds_per_radian * radians * points_of_cvode;
      if (expected > seconds_at_most) {
        theirs.push_back(seconds_per_radian * radians);
      } else if (theirs.empty() || expected < 1.0) {
        theirs.push_back(seconds_of([&] { states = by_cvode(*solver, job, few).value(); }) / points_of_cvode);
      }
      ratios.push_back(theirs.back() / ours.back());
    }
    const double cvode = spread_of(theirs).median;
    seconds_per_radian = cvode / radians;
    const auto outputs = job.output_points();
    std::printf("| %.0e | %s | %s%s | **%s**%s | %s | %s |\n", radians,
                number(1e6 * spread_of(ours).median).c_str(), number(1e6 * cvode).c_str(),
                states.defined() ? "" : " (extrapolated)", number(spread_of(ratios).median).c_str(),
                states.defined() ? "" : " (extrapolated)",
                error_text(error_of(block.solution[0], points.squeeze(1), outputs)).c_str(),
                states.defined() ? error_text(error_of(states[0], few.squeeze(1), outputs)).c_str() : "-");
    std::fflush(stdout);
  }
}

}  // namespace gluesweep::benchmark
