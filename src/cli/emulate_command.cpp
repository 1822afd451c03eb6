#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>

#include "errors_text.hpp"
#include "gluesweep/cli/commands.hpp"
#include "gluesweep/emulator/emulator_file.hpp"
#include "gluesweep/emulator/fit.hpp"
#include "gluesweep/emulator/torchscript.hpp"
#include "gluesweep/output/target.hpp"
#include "text.hpp"

namespace gluesweep::cli {
namespace {

using emulator::Emulator;
using emulator::ErrorSummary;
using emulator::FitReport;

constexpr std::int64_t roughly = 4 << 20;  // bytes that an emulator takes, before it is known

std::string points_text(const emulator::Dataset& data, const FitReport& report) {
  std::string text = line("points", grouped(data.size()) + " of " + grouped(data.in_file));
  const auto left_out = [&](std::int64_t count, const std::string& reason) {
    if (count > 0) text += line("  left out", grouped(count) + " " + reason);
  };
  left_out(data.not_converged, "not converged");
  left_out(data.above_max_error, "with an error estimate above --max-error");
  left_out(data.beyond_most, "beyond the " + grouped(emulator::most_points) + " that a fit uses");
  left_out(data.repeated, "that an earlier file holds as well");
  left_out(report.misfits, "that the trunk does not represent well enough");
  text += line("  training", grouped(report.training) + ", " + grouped(report.validation) +
                                 " more to choose by, " + grouped(report.held_out) + " held out");
  return text;
}

std::string range_text(const Emulator& emulator) {
  std::string text;
  for (const auto& axis : emulator.axes) {
    const bool logarithmic = axis.scale == job::Scale::log;
    text +=
        line(text.empty() ? "domain" : "", axis.name + " in [" + exact(axis.low) + ", " + exact(axis.high) +
                                               "]" + (logarithmic ? ", logarithmic" : ""));
  }
  return text;
}

std::string regression_text(const FitReport& report) {
  const auto& best = report.candidates[report.chosen];
  std::string text =
      line("regression", best.kind + ", " + best.description + ", for " + counted(report.modes, "mode"));
  if (report.candidates.size() < 2) return text;
  for (const auto& tried : report.candidates) {
    text += line("  tried", tried.kind + ", " + tried.description + ": median error " +
                                rough(tried.validation.median) + ", 99% below " +
                                rough(tried.validation.high) + ", " + duration(tried.seconds));
  }
  return text;
}

std::string scalars_text(const Emulator& emulator, const FitReport& report) {
  std::string text;
  for (std::size_t s = 0; s < emulator.scalars.size(); ++s) {
    text += line("  " + emulator.scalars[s].name, errors_text(report.scalars[s]));
  }
  for (const auto& name : report.left_out)
    text += line("  " + name, "left out: too few points have it, or it is no smooth function");
  return text.empty() ? "" : "  held-out errors of quantities\n" + text;
}

std::string report_text(const emulator::Dataset& data, const emulator::Fitted& fitted,
                        const std::string& path, const std::string& module) {
  const auto with_size = [](const std::string& file) {
    return file + " (" + bytes(static_cast<double>(std::filesystem::file_size(file))) + ")";
  };
  const auto& [emulator, report] = fitted;
  return data.job.problem.name + "\n" + points_text(data, report) + range_text(*emulator) +
         regression_text(report) + line("held-out error", errors_text(report.solution)) +
         line("  error model", percent(report.calibration) +
                                   " of the held-out errors below what their neighbours let expect") +
         scalars_text(*emulator, report) + line("file", with_size(path)) +
         (module.empty() ? "" : line("module", with_size(module))) + line("time", duration(report.seconds));
}

std::string module_path(const std::string& path) {
  return std::filesystem::path(path).replace_extension(".pt").string();
}

void emulate(const EmulateOptions& options) {
  const std::string path = options.output.empty()
                               ? std::filesystem::path(options.files.front()).stem().string() + "_emulator.h5"
                               : options.output;
  const auto data = emulator::read_datasets(options.files, options.max_error);
  output::check_target(path, roughly);
  const std::string module = options.no_module ? "" : module_path(path);
  if (!module.empty()) output::check_target(module, roughly);
  const auto fitted = emulator::fit(data, {options.holdout, emulator::regression_choice(options.regression),
                                           options.tolerance, options.seed, options.init});
  emulator::write_emulator(path, *fitted.emulator);
  if (!module.empty()) emulator::write_torchscript(module, *fitted.emulator);
  std::cout << report_text(data, fitted, path, module) << std::flush;
}

}  // namespace

ExitCode emulate_command(const EmulateOptions& options, const parallel::Communicator& communicator) {
  parallel::on_rank_zero(communicator, [&] { emulate(options); });
  return ExitCode::complete;
}

}  // namespace gluesweep::cli
