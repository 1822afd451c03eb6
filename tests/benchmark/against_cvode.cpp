// What a point costs here and with SUNDIALS CVODE as its users write it: native right-hand side and Jacobian,
// one solver object for all points, rtol 1e-8, the same output points by interpolation. Everything that
// training delivers is included on our side (solution, coefficients, error estimates). Prints Markdown.
//   benchmark_against_cvode [--repetitions N] [--ways] [--long] [PROBLEM]...
// --ways measures the ways of using CVODE instead, --long only the table of long oscillations.
#include <cmath>
#include <cstdio>
#include <optional>

#include "../support/shipped_problems.hpp"
#include "measure.hpp"
#include "native_cvode.hpp"

namespace gluesweep::benchmark {
namespace {

using at::Tensor;

constexpr double seconds_for_cvode = 0.25;  // a measurement, as far as the number of points allows
constexpr std::int64_t fewest_points = 8, most_points = 256;

/// The fastest way of using CVODE for each problem, according to --ways.
struct Contest {
  const char* problem;
  Way way;
};
constexpr Contest contests[] = {
    {"mixed_order_decay", {Way::Method::adams_fixed_point, Way::Variable::log}},
    {"michaelis_menten", {Way::Method::bdf, Way::Variable::log}},
    {"robertson", {Way::Method::bdf, Way::Variable::linear}},
    {"friedmann_background", {Way::Method::adams_fixed_point, Way::Variable::log}},
    {"meszaros_growth", {Way::Method::adams_fixed_point, Way::Variable::log}},
    {"misaligned_scalar", {Way::Method::adams_newton, Way::Variable::log}},
    {"tensor_modes", {Way::Method::adams_newton, Way::Variable::linear}},
    {"freeze_out", {Way::Method::bdf, Way::Variable::log}},
};

Way way_of(const std::string& problem) {
  for (const auto& contest : contests) {
    if (problem == contest.problem) return contest.way;
  }
  throw std::invalid_argument("no way of using CVODE was chosen for '" + problem + "'");
}

/// All states (n, B, M) of some points by CVODE; nothing where it gives up.
std::optional<Tensor> by_cvode(NativeSolver& solver, const job::Job& job, const Tensor& parameters) {
  const auto outputs = job.output_points();
  const auto count = parameters.size(0), places = static_cast<std::int64_t>(outputs.size());
  const auto rows = parameters.contiguous();
  const auto states = at::empty({count, solver.size(), places}, at::kDouble);
  for (std::int64_t i = 0; i < count; ++i) {
    if (!solver.solve(rows[i].data_ptr<double>(), job.problem.variable.start, outputs,
                      states[i].data_ptr<double>()))
      return std::nullopt;
  }
  return states.transpose(0, 1);
}

Tensor unknowns_of(const problem::System& system, const Tensor& states) {
  std::vector<Tensor> unknowns;
  for (int u = 0; u < system.unknowns(); ++u) unknowns.push_back(states[system.component(u)]);
  return at::stack(unknowns, 0);
}

/// A shipped problem on the points and places of its reference table.
class Referee {
 public:
  explicit Referee(const std::string& problem)
      : table_(test::read_reference(problem, parameter_count(problem))),
        job_(test::job_at(problem, table_)),
        system_(job_.problem),
        parameters_(test::parameters_of(job_.problem, table_)) {
    for (const auto& unknown : job_.problem.unknowns) references_.push_back(table_.values.at(unknown.name));
  }

  double error_of_ours() const {
    return error(training::Trainer(job_, at::kCPU).train(parameters_).solution);
  }
  double error_of(NativeSolver& solver) const {
    const auto states = by_cvode(solver, job_, parameters_);
    return states ? error(*states) : NAN;
  }

 private:
  static std::size_t parameter_count(const std::string& problem) {
    for (const auto& shipped : test::shipped()) {
      if (shipped.name == problem) return shipped.parameters;
    }
    throw std::invalid_argument("'" + problem + "' is no shipped problem");
  }
  double error(const Tensor& states) const {
    return test::error_of(job_, table_, parameters_, unknowns_of(system_, states), references_)
        .max()
        .item<double>();
  }

  test::ReferenceTable table_;
  job::Job job_;
  problem::System system_;
  Tensor parameters_;
  problem::Tensors references_;
};

/// How many of the points CVODE can do in the time of a measurement.
std::int64_t affordable_points(NativeSolver& solver, const job::Job& job, const Tensor& points) {
  const auto few = points.narrow(0, 0, fewest_points);
  const double seconds = seconds_of([&] { by_cvode(solver, job, few); }) / fewest_points;
  return std::clamp(static_cast<std::int64_t>(seconds_for_cvode / seconds), fewest_points, points.size(0));
}

/// Largest difference of both sides on the same points and outputs, in the problem's scale.
double difference(const job::Job& job, const Tensor& points, const Tensor& ours, const Tensor& theirs) {
  const problem::System system(job.problem);
  const auto t = test::row(job.output_points()).expand({points.size(0), -1});
  const auto scale = system.magnitudes(t, test::columns_of(points), ours.unbind(0));
  double worst = 0.0;
  for (int u = 0; u < system.unknowns(); ++u) {
    const auto row = system.component(u);
    worst = std::max(
        worst, ((ours[row] - theirs[row]).abs() / scale[static_cast<std::size_t>(u)]).max().item<double>());
  }
  return worst;
}

void compare(const std::string& name, int repetitions) {
  const auto job = test::shipped_job(name);
  const training::Trainer trainer(job, at::kCPU);
  const auto solver = make_native_solver(name, {way_of(name)});
  const auto points = scan_points(job, most_points);
  const auto few = points.narrow(0, 0, affordable_points(*solver, job, points));
  std::vector<training::BlockResult> ours =
      train_all(trainer, points.narrow(0, 0, job.run.block), job.run.block);
  const auto theirs = by_cvode(*solver, job, few);

  std::vector<double> our_times, their_times, ratios;
  for (int i = 0; i < repetitions; ++i) {
    our_times.push_back(1e6 / static_cast<double>(points.size(0)) *
                        seconds_of([&] { ours = train_all(trainer, points, job.run.block); }));
    their_times.push_back(1e6 / static_cast<double>(few.size(0)) *
                          seconds_of([&] { by_cvode(*solver, job, few); }));
    ratios.push_back(our_times.back() / their_times.back());
  }
  std::vector<Tensor> solutions;
  for (const auto& block : ours) solutions.push_back(block.solution);
  const auto ratio = spread_of(ratios);
  const Referee referee(name);
  std::printf(
      "| `%s` | %s | %s | %s | **%s** (%s-%s) | %s | %s | %s |\n", name.c_str(),
      to_string(way_of(name)).c_str(), number(spread_of(our_times).median).c_str(),
      number(spread_of(their_times).median).c_str(), number(ratio.median).c_str(),
      number(ratio.least).c_str(), number(ratio.most).c_str(), error_text(referee.error_of_ours()).c_str(),
      error_text(referee.error_of(*solver)).c_str(),
      theirs
          ? error_text(difference(job, few, at::cat(solutions, 1).narrow(1, 0, few.size(0)), *theirs)).c_str()
          : "-");
  std::fflush(stdout);
}

/// Every way of using CVODE on a problem: time and error.
void try_ways(const std::string& name) {
  constexpr long patience = 2'000'000;  // steps
  const auto job = test::shipped_job(name);
  const auto points = scan_points(job, fewest_points);
  const Referee referee(name);
  for (const auto method : {Way::Method::bdf, Way::Method::adams_newton, Way::Method::adams_fixed_point}) {
    for (const auto variable : {Way::Variable::linear, Way::Variable::log}) {
      const Way way{method, variable};
      const auto solver = make_native_solver(name, {way, 1.0e-8, patience});
      bool finished = false;
      const double seconds = seconds_of([&] { finished = by_cvode(*solver, job, points).has_value(); });
      if (finished) {
        std::printf("| `%s` | %s | %s | %ld | %s |\n", name.c_str(), to_string(way).c_str(),
                    number(1e6 * seconds / fewest_points).c_str(), solver->steps(),
                    error_text(referee.error_of(*solver)).c_str());
      } else {
        std::printf("| `%s` | %s | gives up | | |\n", name.c_str(), to_string(way).c_str());
      }
      std::fflush(stdout);
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
  if (arguments.has("--ways")) {
    std::printf(
        "| problem | CVODE, variable | us/point | steps of the last point | error "
        "|\n|---|---|---|---|---|\n");
    for (const auto& name : arguments.problems) try_ways(name);
    return 0;
  }
  std::printf(
      "| problem | CVODE | gluesweep us/point | CVODE us/point | ratio | error gluesweep | error CVODE | "
      "largest "
      "difference |\n|---|---|---|---|---|---|---|---|\n");
  for (const auto& name : arguments.problems) compare(name, arguments.repetitions);
}
