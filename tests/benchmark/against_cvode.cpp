// What a point costs here and with SUNDIALS CVODE as its users write it: native right-hand side and Jacobian,
// one solver object for all points, the same output points by interpolation; at rtol 1e-8, and at the rtol
// with which CVODE is as exact as we are. Everything that training delivers is included on our side
// (solution, coefficients, error estimates). Prints Markdown.
//   benchmark_against_cvode [--repetitions N] [--ways | --long] [PROBLEM]...
// --ways measures the ways of using CVODE instead, --long the table of long oscillations only.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>

#include "contest.hpp"
#include "gluesweep/reference/version.hpp"
#include "measure.hpp"
#include "referee.hpp"

namespace gluesweep::benchmark {
namespace {

using at::Tensor;

constexpr double usual_rtol = 1.0e-8;
constexpr double seconds_for_us = 1.0, seconds_for_cvode = 0.2;  // a measurement, if there are enough points
constexpr int halvings = 3;  // of the gap, in decades, between a tolerance that does and one that does not
constexpr std::int64_t fewest_points = 6, most_points = 1024;

double error_of(const Referee& referee, NativeSolver& solver) {
  const auto states = by_cvode(solver, referee.job(), referee.parameters());
  return states ? referee.error(*states) : NAN;
}

/// The loosest rtol found with which CVODE is at least so exact, NaN if 1e-14 is not enough.
double rtol_for(const std::string& problem, const Referee& referee, double error) {
  const auto error_with = [&](double rtol) {
    return error_of(referee, *make_native_solver(problem, {contest_of(problem).exact, rtol}));
  };
  double rtol = usual_rtol, too_loose = NAN;
  for (double theirs = error_with(rtol); !(theirs <= error); theirs = error_with(rtol)) {
    too_loose = rtol;
    rtol *= std::isfinite(theirs) ? std::clamp(error / theirs, 1.0e-3, 0.5) : 0.1;
    if (rtol < 1.0e-14) return NAN;
  }
  for (int i = 0; i < halvings && std::isfinite(too_loose); ++i) {
    const double between = std::sqrt(rtol * too_loose);
    (error_with(between) <= error ? rtol : too_loose) = between;
  }
  return rtol;
}

/// CVODE with one tolerance on as many points as the time of a measurement allows.
class Opponent {
 public:
  Opponent(const job::Job& job, const Tensor& points, const CvodeOptions& options)
      : job_(job), solver_(make_native_solver(job.problem.name, options)), points_(points) {
    const auto few = points.narrow(0, 0, fewest_points);
    const double seconds = seconds_of([&] { by_cvode(*solver_, job, few); }) / fewest_points;
    points_ = points.narrow(
        0, 0,
        std::clamp(static_cast<std::int64_t>(seconds_for_cvode / seconds), fewest_points, points.size(0)));
  }

  void measure() {
    microseconds_.push_back(1e6 / static_cast<double>(points_.size(0)) *
                            seconds_of([&] { states_ = by_cvode(*solver_, job_, points_); }));
    if (!states_) microseconds_.back() = NAN;  // it gave up on the way: no time to compare with
  }
  const std::vector<double>& microseconds() const { return microseconds_; }
  NativeSolver& solver() const { return *solver_; }
  const Tensor& points() const { return points_; }
  const std::optional<Tensor>& states() const { return states_; }

 private:
  const job::Job& job_;  // borrowed
  std::unique_ptr<NativeSolver> solver_;
  Tensor points_;
  std::optional<Tensor> states_;
  std::vector<double> microseconds_;
};

/// Largest difference of both sides on the same points and outputs, in the problem's scale.
double difference(const job::Job& job, const Tensor& points, const Tensor& ours, const Tensor& theirs) {
  const problem::System system(job.problem);
  const auto t = test::row(job.output_points()).expand({points.size(0), -1});
  const auto scale = system.magnitudes(t, test::columns_of(points), ours.unbind(0));
  double worst = 0.0;
  for (int u = 0; u < system.unknowns(); ++u) {
    const auto row = system.component(u);
    const auto relative = (ours[row] - theirs[row]).abs() / scale[static_cast<std::size_t>(u)];
    worst = std::max(worst, relative.max().item<double>());
  }
  return worst;
}

std::string ratio_text(const std::vector<double>& ours, const std::vector<double>& theirs) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / theirs[i]);
  const auto spread = spread_of(ratios);
  return "**" + number(spread.median) + "** (" + number(spread.least) + "-" + number(spread.most) + ")";
}

void compare(const std::string& name, int repetitions) {
  const auto job = test::default_job(name);
  const auto trainer = ready_trainer(job);
  const Referee referee(name);
  const double our_error = referee.error_of_training();
  const double rtol = rtol_for(name, referee, our_error);

  const auto all = scan_points(job, std::max(most_points, job.run.block));
  const double block_seconds = seconds_of([&] { trainer.train(all.narrow(0, 0, job.run.block)); });
  const auto blocks = std::clamp(static_cast<std::int64_t>(seconds_for_us / block_seconds), std::int64_t{1},
                                 all.size(0) / job.run.block);
  const auto points = all.narrow(0, 0, blocks * job.run.block);
  Opponent usual(job, points, {contest_of(name).usual, usual_rtol});
  std::optional<Opponent> exact;
  if (std::isfinite(rtol)) exact.emplace(job, points, CvodeOptions{contest_of(name).exact, rtol});

  std::vector<double> ours;
  std::vector<training::BlockResult> results;
  for (int i = 0; i < repetitions; ++i) {
    ours.push_back(1e6 / static_cast<double>(points.size(0)) *
                   seconds_of([&] { results = train_all(trainer, points, job.run.block); }));
    usual.measure();
    if (exact) exact->measure();
  }
  std::vector<Tensor> solutions;
  for (const auto& block : results) solutions.push_back(block.solution);
  const auto count = usual.points().size(0);
  std::printf("| `%s` | %s | %s | %s | %s | %s | %s |", name.c_str(), number(spread_of(ours).median).c_str(),
              error_text(our_error).c_str(), to_string(contest_of(name).usual).c_str(),
              number(spread_of(usual.microseconds()).median).c_str(),
              error_text(error_of(referee, usual.solver())).c_str(),
              ratio_text(ours, usual.microseconds()).c_str());
  if (exact) {
    std::printf(" %s, %s | %s |", number(spread_of(exact->microseconds()).median).c_str(),
                error_text(rtol).c_str(), ratio_text(ours, exact->microseconds()).c_str());
  } else {
    std::printf(" not reached | - |");
  }
  std::printf(" %s |\n", usual.states() ? error_text(difference(job, usual.points(),
                                                                at::cat(solutions, 1).narrow(1, 0, count),
                                                                *usual.states()))
                                              .c_str()
                                        : "-");
  std::fflush(stdout);
}

/// Every way of using CVODE on a problem: time and error.
void try_ways(const std::string& name) {
  constexpr long patience = 2'000'000;  // steps between two outputs
  const auto job = test::default_job(name);
  const auto points = scan_points(job, fewest_points);
  const Referee referee(name);
  for (const auto method : {Way::Method::bdf, Way::Method::adams_newton, Way::Method::adams_fixed_point}) {
    for (const auto variable : {Way::Variable::linear, Way::Variable::log}) {
      const Way way{method, variable};
      std::printf("| `%s` | %s |", name.c_str(), to_string(way).c_str());
      for (const double rtol : {usual_rtol, 1.0e-11}) {
        const auto solver = make_native_solver(name, {way, rtol, patience});
        bool finished = false;
        const double seconds = seconds_of([&] { finished = by_cvode(*solver, job, points).has_value(); });
        if (finished) {
          std::printf(" %s | %s |", number(1e6 * seconds / fewest_points).c_str(),
                      error_text(error_of(referee, *solver)).c_str());
        } else {
          std::printf(" gives up | |");
        }
        std::fflush(stdout);
      }
      std::printf("\n");
    }
  }
}

}  // namespace
}  // namespace gluesweep::benchmark

int main(int argc, char** argv) {
  using namespace gluesweep::benchmark;
  std::vector<std::string> problems;
  for (const auto& contest : contests) problems.emplace_back(contest.problem);
  const auto arguments = prepare(argc, argv, 5, problems, {"--ways", "--long"});
  std::printf("SUNDIALS %s\n\n", gluesweep::reference::sundials_version().c_str());
  if (arguments.has("--ways")) {
    std::printf("| problem | CVODE | us/point at rtol 1e-8 | error | us/point at rtol 1e-11 | error |\n");
    std::printf("|---|---|---|---|---|---|\n");
    for (const auto& name : arguments.problems) try_ways(name);
    return 0;
  }
  if (!arguments.has("--long")) {
    std::printf(
        "| problem | gluesweep us/point | error | CVODE at rtol 1e-8 | us/point | error | gluesweep/CVODE | "
        "CVODE at "
        "our error: us/point, rtol | gluesweep/CVODE | largest difference at rtol 1e-8 |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n");
    for (const auto& name : arguments.problems) compare(name, arguments.repetitions);
  }
  const bool oscillates = std::find(arguments.problems.begin(), arguments.problems.end(),
                                    "misaligned_scalar") != arguments.problems.end();
  if (oscillates) {
    std::printf("\n`misaligned_scalar` over more and more radians:\n\n");
    print_long_oscillations(std::min(arguments.repetitions, 3));
  }
}
