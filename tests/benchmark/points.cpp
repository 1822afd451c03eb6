// Points a second and errors of every shipped problem on one thread: the shipped jobs as they are, in blocks
// of their `run.block`, with solution, coefficients and error estimates. Prints Markdown.
//   benchmark_points [--repetitions N] [PROBLEM]...
#include <algorithm>
#include <cstdio>

#include "measure.hpp"
#include "referee.hpp"

namespace gluesweep::benchmark {
namespace {

using at::Tensor;

constexpr double seconds_at_least = 1.0;  // of a repetition, but no more than `most_points`
constexpr std::int64_t most_points = 1024;

struct Measurement {
  std::int64_t points;
  Spread seconds;  ///< a point
  Tensor estimates, iterations;
  double converged;  ///< share
};

Measurement measure(const job::Job& job, int repetitions) {
  const training::Trainer trainer(job, at::kCPU);
  const auto all = scan_points(job, std::max(most_points, job.run.block));
  trainer.train(all.narrow(0, 0, job.run.block));  // warms caches and the allocator
  const double block = seconds_of([&] { trainer.train(all.narrow(0, 0, job.run.block)); });
  const auto blocks = std::clamp(static_cast<std::int64_t>(seconds_at_least / block), std::int64_t{1},
                                 all.size(0) / job.run.block);
  const auto points = all.narrow(0, 0, blocks * job.run.block);

  std::vector<double> seconds;
  std::vector<training::BlockResult> results;
  for (int i = 0; i < repetitions; ++i) {
    seconds.push_back(seconds_of([&] { results = train_all(trainer, points, job.run.block); }) /
                      static_cast<double>(points.size(0)));
  }
  std::vector<Tensor> estimates, iterations, converged;
  for (const auto& result : results) {
    estimates.push_back(result.error_estimate);
    iterations.push_back(result.iterations);
    converged.push_back(result.status == static_cast<int>(training::Status::converged));
  }
  return {points.size(0), spread_of(seconds), at::cat(estimates), at::cat(iterations),
          at::cat(converged).to(at::kDouble).mean().item<double>()};
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
  for (const auto& name : arguments.problems) {
    const auto job = test::shipped_job(name);
    print(name, job, measure(job, arguments.repetitions), Referee(name).error_of_training());
  }
}
