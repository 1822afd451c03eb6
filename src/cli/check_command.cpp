#include <algorithm>
#include <cmath>
#include <iostream>
#include <vector>

#include "gluesweep/cli/commands.hpp"
#include "gluesweep/parallel/device.hpp"
#include "gluesweep/problem/check.hpp"
#include "gluesweep/sweep/parameter_space.hpp"
#include "gluesweep/sweep/random.hpp"
#include "plan.hpp"
#include "text.hpp"
#include "verification.hpp"

namespace gluesweep::cli {
namespace {

// Enough to meet the corners of a few dimensions, few enough for a second.
constexpr std::int64_t most_points = 256;

// In units of relative change per unit of the training variable. A drift above says that the form is not
// asymptotic anywhere in the patch; the networks may still learn it, at a price.
constexpr double slow_drift = 0.1;

/// Up to most_points samples spread over the sweep: (B, p). One at random of each of so many equal shares:
/// every n-th would fall into one corner of a Sobol sequence, and on one plane of a grid.
at::Tensor sample_points(const sweep::ParameterSpace& space) {
  const std::int64_t count = std::min(space.size(), most_points);
  std::vector<at::Tensor> rows;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t first = i * space.size() / count, next = (i + 1) * space.size() / count;
    const auto bits = sweep::random_bits(0, sweep::Purpose::point, 0, static_cast<std::uint64_t>(i));
    rows.push_back(
        space.block(first + static_cast<std::int64_t>(bits % static_cast<std::uint64_t>(next - first)), 1));
  }
  return at::cat(rows);
}

std::string parameters_text(const job::Problem& problem, const std::vector<double>& values) {
  std::string text;
  for (std::size_t i = 0; i < problem.parameters.size() && i < values.size(); ++i) {
    text += (text.empty() ? "" : ", ") + problem.parameters[i].name + " = " + exact(values[i]);
  }
  return text;
}

std::string faded_text(const job::Problem& problem, const job::Patch& patch,
                       const problem::FadedConstant& faded) {
  const auto& name = patch.constants[static_cast<std::size_t>(faded.constant)].name;
  return "\n    warning: near " + problem.variable.symbol + " = " + rough(faded.place.at) + " for " +
         parameters_text(problem, faded.place.parameters) + " the constant " + name + " no longer moves " +
         "the solution, by the unknowns' magnitude: nothing determines it there;\n"
         "    write it so that it stays felt, e.g. K + " +
         name + " rather than K + " + name + "*exp(-r*" + problem.variable.symbol +
         "), choose a smaller magnitude, or end the patch before";
}

std::string report_text(const job::Problem& problem, const problem::PatchReport& report,
                        const job::Patch& patch) {
  const std::string& symbol = problem.variable.symbol;
  const std::string& unit = problem.variable.unit;
  const std::string of = unit == "1" ? "" : " " + unit;
  std::string text = "  patch " + report.patch + ": ends at " + symbol + " = " + rough(report.hand_over_low);
  if (report.hand_over_high != report.hand_over_low) text += " to " + rough(report.hand_over_high);
  text += of + "; condition number up to " + rough(report.worst_condition) +
          "; deep in its region it drifts by " + rough(report.deep_drift) + " a unit";
  if (!(report.deep_drift < slow_drift)) {
    text +=
        "\n    warning: nowhere in its region does this form solve the equation well; check the form or move "
        "the hand-over (until).\n    A constant of a fast, slaved variable may cause this too, without harm: "
        "the "
        "error estimates of a run decide";
  }
  if (report.faded) text += faded_text(problem, patch, *report.faded);
  return text + "\n";
}

void refuse_undefined_hand_overs(const job::Problem& problem,
                                 const std::vector<problem::PatchReport>& reports) {
  for (const auto& report : reports) {
    if (!report.no_hand_over) continue;
    throw job::InputError("gluesweep check: the hand-over of patch '" + report.patch +
                          "' (until) is not a place on the " + problem.variable.symbol + " axis for " +
                          parameters_text(problem, *report.no_hand_over) +
                          ": it is undefined or infinite, or not above 0 on a log scale.\n"
                          "Correct the expression, or narrow the ranges of its parameters.");
  }
}

void refuse_unusable(const job::Problem& problem, const std::vector<problem::PatchReport>& reports) {
  for (const auto& report : reports) {
    if (!report.degenerate && std::isinf(report.deep_drift)) {
      throw job::InputError("gluesweep check: nowhere in patch '" + report.patch +
                            "' is the equation, with the patch's solution inserted, a finite number.\n"
                            "Look for a division by zero, an overflow or a logarithm or root of a negative "
                            "number in equations, definitions and the patch's solution.");
    }
    if (!report.degenerate) continue;
    throw job::InputError(
        "gluesweep check: patch '" + report.patch + "' is degenerate at " + problem.variable.symbol + " = " +
        exact(report.degenerate_at) + " for " + parameters_text(problem, report.degenerate_parameters) +
        ": its solution does not determine its constants there (det dPhi/dC = 0 or undefined).\n"
        "Move its hand-over (until) away from there, or write its constants differently.");
  }
}

}  // namespace

ExitCode check_command(const CheckOptions& options, const parallel::Communicator& communicator) {
  limit_threads();
  parallel::on_rank_zero(communicator, [&] {
    const parallel::Communicator alone;
    const job::Job job = read_job_everywhere(alone, options.job, options.overrides, options.device);
    const at::Device device = parallel::choose_device(job.run.device, 0);
    make_verify(job);  // says when it cannot be done
    const sweep::ParameterSpace space(job);
    const training::Trainer trainer(job, device);
    Plan plan = make_plan(job, trainer, sweep::Share::all(space.size()), communicator.size());
    plan.job_path = options.job;
    plan.device = device.str();
    RunOptions run;
    run.job = options.job;
    plan.file = output_path(run);
    std::cout << plan_text(job, plan) << std::flush;
    const at::Tensor points = sample_points(space);
    const auto reports = problem::check_patches(job.problem, points);
    refuse_undefined_hand_overs(job.problem, reports);
    std::cout << "patches, at " << points.size(0) << " of the points:\n";
    for (std::size_t p = 0; p < reports.size(); ++p) {
      std::cout << report_text(job.problem, reports[p], job.problem.patches[p]);
    }
    std::cout << std::flush;
    refuse_unusable(job.problem, reports);
    std::cout << "the job is good\n" << std::flush;
  });
  return ExitCode::complete;
}

}  // namespace gluesweep::cli
