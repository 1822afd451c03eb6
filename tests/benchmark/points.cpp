// Points a second and errors of every shipped problem on one thread: the shipped jobs as they are, in blocks
// of their `run.block`, with solution, coefficients and error estimates; and what the time is spent on.
// Prints Markdown.
//   benchmark_points [--repetitions N] [PROBLEM]...
#include <algorithm>
#include <cstdio>
#include <numeric>

#include "gluesweep/training/phases.hpp"
#include "measure.hpp"
#include "referee.hpp"

namespace gluesweep::benchmark {
namespace {

using at::Tensor;

constexpr double seconds_at_least = 1.0;  // of a repetition, but no more than `most_points`
constexpr std::int64_t most_points = 1024;

using Phases = decltype(training::take_phases());

struct Measurement {
  Spread seconds;  ///< a point
  Tensor estimates, iterations;
  double converged;  ///< share
  Phases phases;     ///< shares of the time
};

Measurement measure(const job::Job& job, int repetitions) {
  const auto trainer = ready_trainer(job);
  const auto all = scan_points(job, std::max(most_points, job.run.block));
  trainer.train(all.narrow(0, 0, job.run.block));  // warms caches and the allocator
  const double block = seconds_of([&] { trainer.train(all.narrow(0, 0, job.run.block)); });
  const auto blocks = std::clamp(static_cast<std::int64_t>(seconds_at_least / block), std::int64_t{1},
                                 all.size(0) / job.run.block);
  const auto points = all.narrow(0, 0, blocks * job.run.block);

  std::vector<double> seconds;
  std::vector<training::BlockResult> results;
  training::take_phases();
  for (int i = 0; i < repetitions; ++i) {
    seconds.push_back(seconds_of([&] { results = train_all(trainer, points, job.run.block); }) /
                      static_cast<double>(points.size(0)));
  }
  auto phases = training::take_phases();
  const double whole = std::accumulate(phases.begin(), phases.end(), 0.0);
  for (auto& phase : phases) phase /= whole;
  std::vector<Tensor> estimates, iterations, converged;
  for (const auto& result : results) {
    estimates.push_back(result.error_estimate);
    iterations.push_back(result.iterations);
    converged.push_back(result.status == static_cast<int>(training::Status::converged));
  }
  return {spread_of(seconds), at::cat(estimates), at::cat(iterations),
          at::cat(converged).to(at::kDouble).mean().item<double>(), phases};
}

void print(const std::string& name, const job::Job& job, const Measurement& measured, double true_error) {
  std::printf("| `%s` | %ld | **%s** (%s-%s) | %s | %s%% | %d | %s | %s | %s |\n", name.c_str(),
              static_cast<long>(job.run.block), number(1.0 / measured.seconds.median).c_str(),
              number(1.0 / measured.seconds.most).c_str(), number(1.0 / measured.seconds.least).c_str(),
              number(1e6 * measured.seconds.median).c_str(), number(100.0 * measured.converged).c_str(),
              measured.iterations.median().item<int>(),
              error_text(measured.estimates.median().item<double>()).c_str(),
              error_text(measured.estimates.max().item<double>()).c_str(), error_text(true_error).c_str());
  std::fflush(stdout);
}

/// Microseconds a point on each phase.
void print_phases(const std::vector<std::string>& names, const std::vector<Measurement>& measurements) {
  std::printf("\n| us/point |");
  for (const auto name : training::phase_names)
    std::printf(" %.*s |", static_cast<int>(name.size()), name.data());
  std::printf("\n|---|");
  for (std::size_t i = 0; i < training::phase_names.size(); ++i) std::printf("---|");
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::printf("\n| `%s` |", names[i].c_str());
    const double whole = 1e6 * measurements[i].seconds.median;
    for (const double share : measurements[i].phases) std::printf(" %.0f |", share * whole);
  }
  std::printf("\n");
}

}  // namespace
}  // namespace gluesweep::benchmark

int main(int argc, char** argv) {
  using namespace gluesweep;
  using namespace gluesweep::benchmark;
  std::vector<std::string> names;
  for (const auto& shipped : test::shipped()) names.push_back(shipped.name);
  const auto arguments = prepare(argc, argv, 5, names);
  std::printf(
      "| problem | block | points/s | us/point | converged | iterations, median | estimated error, median | "
      "largest | "
      "true error, reference points |\n|---|---|---|---|---|---|---|---|---|\n");
  std::vector<Measurement> measurements;
  for (const auto& name : arguments.problems) {
    const auto job = test::default_job(name);
    measurements.push_back(measure(job, arguments.repetitions));
    print(name, job, measurements.back(), Referee(name).error_of_training());
  }
  print_phases(arguments.problems, measurements);
}
