#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "errors_text.hpp"
#include "gluesweep/cli/commands.hpp"
#include "gluesweep/emulator/refine.hpp"
#include "gluesweep/job/reader.hpp"
#include "gluesweep/output/target.hpp"
#include "plan.hpp"
#include "text.hpp"

namespace gluesweep::cli {
namespace {

using emulator::Refinement;

constexpr std::int64_t bytes_a_number = 25;
constexpr std::int64_t least_count = 16;

std::string entry_text(const std::string& name, const std::string& text) { return line(name, text, 22); }

void write_list(const std::string& path, const Refinement& refinement) {
  const std::string temporary = output::temporary_name(path);
  std::ofstream stream(temporary);
  for (std::size_t a = 0; a < refinement.names.size(); ++a)
    stream << (a == 0 ? "" : ",") << refinement.names[a];
  stream << "\n";
  const auto values = refinement.values.accessor<double, 2>();
  for (std::int64_t i = 0; i < values.size(0); ++i) {
    for (std::int64_t a = 0; a < values.size(1); ++a) stream << (a == 0 ? "" : ",") << exact(values[i][a]);
    stream << "\n";
  }
  stream.close();
  if (!stream) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw std::runtime_error(path + ": writing failed; is the disk full?");
  }
  output::publish(temporary, path);
}

/// The sampler of a job of the points, with what the job holds fixed.
std::string sampler_text(const job::Job& job, const std::string& path) {
  std::string fixed;
  for (const auto& swept : job.sweep.parameters) {
    if (swept.kind != job::SweptParameter::Kind::fixed) continue;
    fixed += (fixed.empty() ? "" : ", ") + swept.name + ": " + exact(swept.fixed);
  }
  return "sweep={sampler: list, file: " + std::filesystem::absolute(path).lexically_normal().string() +
         (fixed.empty() ? "" : ", parameters: {" + fixed + "}") + "}";
}

std::string refine_report(const RefineOptions& options, const emulator::Dataset& data, const job::Job& job,
                          const Refinement& refinement) {
  const auto count = refinement.values.size(0);
  const auto filling = refinement.fills.sum().item<std::int64_t>();
  std::string overrides;
  for (const auto& word : options.overrides) overrides += " --set " + shell_word(word);
  return data.job.problem.name + "\n" +
         entry_text("points so far", grouped(data.size()) + " of " + grouped(data.in_file)) +
         entry_text("emulators", std::to_string(options.fits) + ", " + refinement.regression) +
         entry_text("held-out error", errors_text(refinement.held_out)) +
         entry_text("disagreement", errors_text(refinement.disagreement) + " over the ranges of the job") +
         entry_text("new points", grouped(count) + ", " + grouped(filling) + " of them to fill gaps") +
         entry_text("file", options.output) + "run them with\n  gluesweep run " + shell_word(options.job) +
         overrides + " --set " + shell_word(sampler_text(job, options.output)) + " -o FILE\n";
}

void refine_scan(const RefineOptions& options) {
  const auto job = job::read_job(options.job, options.overrides);
  const auto data = emulator::read_datasets(options.files, options.max_error);
  emulator::RefineOptions settings;
  settings.count = options.count > 0 ? options.count : std::max(least_count, data.size() / 4);
  settings.fits = static_cast<int>(options.fits);
  settings.filling = options.filling;
  settings.fit.holdout = options.holdout;
  settings.fit.regression = emulator::regression_choice(options.regression);
  settings.fit.seed = options.seed;
  output::check_target(options.output,
                       bytes_a_number * settings.count * static_cast<std::int64_t>(data.axes.size()));
  const auto refinement = emulator::refine(data, job, settings);
  write_list(options.output, refinement);
  std::cout << refine_report(options, data, job, refinement) << std::flush;
}

}  // namespace

ExitCode refine_command(const RefineOptions& options, const parallel::Communicator& communicator) {
  parallel::on_rank_zero(communicator, [&] {
    limit_threads();
    refine_scan(options);
  });
  return ExitCode::complete;
}

}  // namespace gluesweep::cli
