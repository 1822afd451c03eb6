// The default against our own `training.method=adam` on the same problems: time a point until the true error
// is 1e-3. Adam is given geometrically more steps until it gets there, each time with the learning rate that
// belongs to so many steps. Errors on points of the reference tables; Adam's time is that of its steps alone,
// in a batch that suits it; the default's includes everything. Prints Markdown.
//   benchmark_against_adam [--repetitions N] [--cost] [PROBLEM]...
// --cost: the cost of a step and of a point only.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "measure.hpp"
#include "referee.hpp"

namespace gluesweep::benchmark {
namespace {

using at::Tensor;

constexpr double wanted_error = 1.0e-3;
constexpr int default_steps = 5'000;  // job::Adam's own
constexpr int ladder[] = {125, 250, 500, 1'000, 2'000, 5'000, 10'000, 20'000};
constexpr std::int64_t table_points = 3;  // every other point of the table

struct Cost {
  double seconds_a_point;  ///< of the default
  double seconds_a_step;   ///< of Adam, a point
};

/// Between two numbers of steps nothing but steps makes a difference.
double seconds_a_step(const std::string& problem, int repetitions) {
  constexpr int few = 20, many = 70;
  constexpr std::int64_t points = 32;  // more at once are no faster, fewer are slower
  std::vector<double> seconds;
  const auto trainer = [&problem](int steps) {
    return training::Trainer(
        test::default_job(problem, {"training.method=adam", "verification.estimate=false",
                                    "training.adam.steps=" + std::to_string(steps)}),
        at::kCPU);
  };
  const auto short_one = trainer(few), long_one = trainer(many);
  const auto batch = scan_points(test::default_job(problem), points);
  for (int i = 0; i < repetitions; ++i) {
    const double less = seconds_of([&] { short_one.train(batch); });
    const double more = seconds_of([&] { long_one.train(batch); });
    seconds.push_back((more - less) / static_cast<double>((many - few) * points));
  }
  return spread_of(seconds).median;
}

Cost cost_of(const std::string& problem, int repetitions) {
  const auto job = test::default_job(problem);
  const auto trainer = ready_trainer(job);
  const auto batch = scan_points(job, job.run.block);
  trainer.train(batch);
  std::vector<double> seconds;
  for (int i = 0; i < repetitions; ++i) {
    seconds.push_back(seconds_of([&] { trainer.train(batch); }) / static_cast<double>(job.run.block));
  }
  return {spread_of(seconds).median, seconds_a_step(problem, repetitions)};
}

/// Every other point of the reference table, largest error each.
Tensor errors_after(const std::string& problem, int steps) {
  const Referee referee(problem, {"training.method=adam", "verification.estimate=false",
                                  "training.adam.steps=" + std::to_string(steps)});
  const auto rows = at::arange(0, 2 * table_points, 2);
  const auto few = referee.parameters().index_select(0, rows);
  const auto block = training::Trainer(referee.job(), at::kCPU).train(few);
  return referee.errors(block.solution, rows);
}

struct Attempt {
  int steps;
  double error;  ///< median over the points
};

/// Climbs the ladder until the error is reached; prints every rung.
std::vector<Attempt> climb(const std::string& problem, const Cost& cost) {
  std::vector<Attempt> attempts;
  for (const int steps : ladder) {
    const auto errors = errors_after(problem, steps);
    attempts.push_back({steps, errors.median().item<double>()});
    std::printf("| `%s` | %s | %s s | %s | %s |\n", problem.c_str(), number(steps).c_str(),
                number(steps * cost.seconds_a_step).c_str(), error_text(attempts.back().error).c_str(),
                error_text(errors.max().item<double>()).c_str());
    std::fflush(stdout);
    if (attempts.back().error <= wanted_error) break;
  }
  return attempts;
}

void print_verdict(const std::string& problem, const Cost& cost, const std::vector<Attempt>& attempts) {
  const double error = Referee(problem).error_of_training();
  const auto& last = attempts.back();
  const auto best = *std::min_element(attempts.begin(), attempts.end(),
                                      [](const Attempt& a, const Attempt& b) { return a.error < b.error; });
  const bool reached = last.error <= wanted_error;
  const double seconds = (reached ? last : best).steps * cost.seconds_a_step;
  std::printf("| `%s` | %s | %s | %s%s | %s s | %s | **%s** |\n", problem.c_str(),
              number(1e6 * cost.seconds_a_point).c_str(), error_text(error).c_str(),
              reached ? "" : "never; best with ", number((reached ? last : best).steps).c_str(),
              number(seconds).c_str(), error_text((reached ? last : best).error).c_str(),
              number(seconds / cost.seconds_a_point).c_str());
}

}  // namespace
}  // namespace gluesweep::benchmark

int main(int argc, char** argv) {
  using namespace gluesweep::benchmark;
  const auto arguments =
      prepare(argc, argv, 3, {"mixed_order_decay", "freeze_out", "misaligned_scalar"}, {"--cost"});
  std::vector<Cost> costs;
  std::printf("| problem | default, us a point | `adam`, us a step and point |\n|---|---|---|\n");
  for (const auto& problem : arguments.problems) {
    costs.push_back(cost_of(problem, arguments.repetitions));
    std::printf("| `%s` | %s | %s |\n", problem.c_str(), number(1e6 * costs.back().seconds_a_point).c_str(),
                number(1e6 * costs.back().seconds_a_step).c_str());
    std::fflush(stdout);
  }
  if (arguments.has("--cost")) return 0;

  std::printf("\n| problem | steps of `adam` (default %s) | time a point | true error, median | largest |\n",
              number(default_steps).c_str());
  std::printf("|---|---|---|---|---|\n");
  std::vector<std::vector<Attempt>> attempts;
  for (std::size_t i = 0; i < costs.size(); ++i) attempts.push_back(climb(arguments.problems[i], costs[i]));

  std::printf(
      "\n| problem | default, us a point | true error, largest | steps of `adam` to 1e-3 | time a point | "
      "true error, "
      "median | adam/default |\n|---|---|---|---|---|---|---|\n");
  for (std::size_t i = 0; i < costs.size(); ++i) print_verdict(arguments.problems[i], costs[i], attempts[i]);
}
